/* exported turkGetSubmitToHost, turkSetAssignmentID */
// What pages written for the service expect of externalHIT_v1.js; our own code.

function turkGetParam(name, defaultValue) {
  const found = new URLSearchParams(location.search).get(name);
  return found === null ? (defaultValue ?? "") : found;
}

function turkGetSubmitToHost() {
  return turkGetParam("turkSubmitTo", "");
}

/** Fill in the form's assignmentId; in a preview, nothing can be sent. */
function turkSetAssignmentID(formName, buttonName) {
  const id = turkGetParam("assignmentId", "");
  const form = document.getElementById(formName ?? "mturk_form");
  if (form) {
    let field = form.elements.namedItem("assignmentId");
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = "assignmentId";
      form.append(field);
    }
    field.value = id;
  }
  if (id === "ASSIGNMENT_ID_NOT_AVAILABLE") {
    const button = document.getElementById(buttonName ?? "submitButton");
    if (button) {
      button.disabled = true;
      button.value = "You must ACCEPT the HIT before you can submit the results.";
    }
  }
  return id;
}
