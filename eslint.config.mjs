// Scripts of the pages run in the oldest browsers of package.json's "browserslist".
import js from "@eslint/js";
import compat from "eslint-plugin-compat";
import globals from "globals";

const PAGES = ["hit_templates/**/*.js", "study_server/static/**/*.js"];

export default [
  { ignores: ["**/vendor/**", "**/.venv/**", "node_modules/**", "runs/**", "build/**", "dist/**"] },
  { ...js.configs.recommended, files: PAGES },
  {
    ...compat.configs["flat/recommended"],
    files: PAGES,
    languageOptions: {
      // Classes with private methods are the newest syntax that Safari 15 knows.
      ecmaVersion: 2022,
      sourceType: "module",
      globals: globals.browser,
    },
  },
  // Parts of one script, served joined: each uses what the parts before it define.
  { files: ["**/marketplace/crowd/*.js"], rules: { "no-undef": "off", "no-unused-vars": "off" } },
  // Also read by browsers older than those.
  { files: ["**/static/entry.js"], languageOptions: { ecmaVersion: 5, sourceType: "script" } },
  // Loaded as they stand, not as modules.
  { files: ["**/external_hit.js", "**/syntax.js", "**/theme.js"], languageOptions: { sourceType: "script" } },
];
