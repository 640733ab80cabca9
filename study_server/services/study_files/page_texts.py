"""The wording of the server's own pages, in English, by key.

Plain text, one sentence or a few; `{places}` are filled in where a text is shown
and must all be kept by a text that replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PAGE_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Every page
        "skip": "Skip to the content",
        "progress": "Progress",
        "withdraw": "Withdraw",
        "questions_to": "Questions? {contact}",
        "rehearsal": "This is a rehearsal: your responses are not part of the study.",
        "go_on": "Go on",
        "start": "Start",
        "close_page": "You can close this page now.",
        # The parts of the way, read aloud with the dots at the top
        "part_consent": "Consent",
        "part_instructions": "Instructions",
        "part_practice": "Practice",
        "part_trials": "Images",
        "part_survey": "Last questions",
        "part_finish": "Finish",
        # Behind the link
        "landing_brand": "A study about images",
        "landing_intro": "You will see images, one at a time, and answer a short "
        "question about each.",
        "landing_consent": "First you read what the study is about and decide whether "
        "to take part.",
        "landing_practice": "A little practice follows, then the images.",
        "landing_no_practice": "Then the images follow.",
        "landing_card": "Please have a bank card, or another of that size, at hand: it "
        "is held against the screen to see how large things are.",
        "landing_takes": "It takes {duration}.",
        "landing_takes_measured": "It takes about {minutes} min: that is what others "
        "needed.",
        "landing_takes_estimated": "It takes about {minutes} min, by our own estimate.",
        "landing_controls": "Keyboard, mouse and touch all work. If you are "
        "interrupted, open the same link again to go on.",
        "browser_old": "This browser is too old for this study. Please open the same "
        "link in a newer one, such as Safari 15, Firefox 102 or Chrome 100, or any "
        "later version of these.",
        "landing_not_stored": "Nothing is stored before you start.",
        "landing_back": "Welcome back. You go on where you stopped.",
        "landing_ended": "You have been here before. Go on to see how it ended.",
        "landing_nothing_expected": "Nothing is expected of you. You can close this "
        "page.",
        "landing_other_began": "Somebody began this study on this computer. If that "
        "was not you, choose the second button: you begin anew, and what the other "
        "person did stays theirs.",
        "landing_other_ended": "Somebody took part in this study on this computer. If "
        "that was not you, choose the second button: you begin anew, and what the "
        "other person did stays theirs.",
        "landing_other_before": "Somebody took part on this computer before. If that "
        "was not you, you can begin.",
        "landing_somebody_else": "Somebody else is at this computer",
        # Known under the same id, and begun in another browser
        "elsewhere_title": "This was begun in another browser",
        "elsewhere": "Somebody with the same id began this study in another browser or "
        "on another device. Please go on there: nothing of it is shown here.",
        "elsewhere_ask": "If that was you and you cannot go on there, write to "
        "{contact}: they can let you go on here.",
        "elsewhere_ask_inviter": "If that was you and you cannot go on there, tell "
        "whoever invited you: they can let you go on here.",
        # Inside a market's own page
        "frame_preview": "This is a preview. Accept the task to begin.",
        "frame_stop": "You can stop at any time.",
        "frame_stop_return": "Return the task then, so that it goes to somebody else.",
        "frame_stop_paid": "Hand in what you have done, and you are paid as the text you "
        "agreed to says.",
        "frame_stop_hand_in": "Stop and hand in",
        "frame_return": "Please return the task, so that it goes to somebody else.",
        # Consent, content warning, instructions
        "consent_title": "Consent to take part",
        "consent_version": "Version {version} of this text",
        "consent_box": "I have read this and I agree to take part.",
        "consent_age_box": "I am at least {age} years old.",
        "consent_no_age": "Please confirm that you are at least {age} years old. If you "
        "are not, choose “Withdraw”.",
        "consent_agree": "I agree, go on",
        "consent_decline": "No, thank you",
        "consent_no_tick": "Please tick the box if you agree. If you do not, choose "
        "“Withdraw”.",
        "warning_title": "Before you go on",
        "warning_agree": "I understand, go on",
        "warning_decline": "I would rather stop",
        "instructions_title": "What to do",
        # Sizes on the screen
        "screen_title": "How large is your screen?",
        "screen_intro": "So that everybody sees things equally large, please hold a bank "
        "card against the screen. Nothing is photographed, and nothing on the card is "
        "read.",
        "screen_card": "1. Make the drawn card as large as yours",
        "screen_card_help": "Any bank, health or loyalty card of the usual size will do. "
        "Hold it flat against the screen, on the drawn card, with one corner in the "
        "corner. Move the slider until both are equally large.",
        "screen_keys": "The arrow keys move it finely.",
        "screen_upright": "On a small screen the card is held upright.",
        "screen_slider": "Size of the drawn card",
        "screen_smaller": "Smaller",
        "screen_larger": "Larger",
        "screen_card_done": "They are equally large",
        "screen_spot": "2. How far away do you sit?",
        "screen_spot_help": "Sit as you will for the images. Close your right eye, or "
        "cover it, and look at the square with your left eye all the time. A dot moves "
        "away to the left. Do not follow it. At some point it disappears: press then, at "
        "once.",
        "screen_spot_turn": "Turn the device sideways for this, or come nearer.",
        "screen_spot_start": "Start the dot",
        "screen_spot_gone": "It disappeared",
        "screen_spot_space": "The space bar does the same.",
        "screen_spot_count": "{n_done} of {n_repeats} done",
        "screen_spot_missed": "The dot came to the end. If it did not disappear, come "
        "nearer to the screen, check that only your left eye is open, and start it again.",
        "screen_again": "Begin again with the card",
        "screen_send": "Measured, go on",
        "screen_skip_help": "No card at hand, or only one eye that sees well? You can "
        "leave this out.",
        "screen_skip": "Leave this out",
        "screen_required_help": "This study needs the size of your screen. If you "
        "cannot or would rather not measure it, you can stop here; nothing is held "
        "against you.",
        "screen_cannot": "I cannot measure it",
        "screen_wrong": "That cannot be right: please measure once more, the card and "
        "the dot.",
        "screen_no_script": "Measuring needs JavaScript. Please switch it on and reload "
        "the page, or leave this out.",
        "screen_failed": "This study needs the size of your screen, so you cannot take "
        "part without it.",
        # Comprehension check
        "comprehension_title": "A quick check",
        "comprehension_intro": "Please answer about the instructions. Tries in all: "
        "{n_tries}.",
        "comprehension_again": "Not everything was right. Please read the hints and "
        "try once more.",
        "comprehension_read": "Read the instructions again",
        "comprehension_hint": "Hint: {hint}",
        "comprehension_submit": "Check",
        "comprehension_missing": "Please answer question {number}. This was not "
        "counted as a try.",
        "failed_title": "Thank you for your interest",
        "failed": "The questions about the instructions were not all answered as "
        "expected, so you cannot take part in this study.",
        "failed_no_harm": "Nothing is held against you.",
        "failed_withdraw": "You may also withdraw your consent.",
        # Practice and trials
        "practice_title": "Practice",
        "practice_continue": "Continue",
        "trials_title": "Now it counts",
        "trials_title_next": "The next part",
        "trials_intro": "{n_trials} images, one after another. There is no feedback "
        "from now on.",
        "trials_saved": "Every response is saved at once. You can reload the page or "
        "come back by the same link, and go on where you stopped.",
        # A session in parts
        "parts_title": "Part {number} of {n_parts}",
        "parts_feedback": "{n_trials} images, one after another. After each you are "
        "told whether your answer was right.",
        "break_title": "Time for a break",
        "break_rest": "Look away from the screen for a moment and rest your eyes.",
        "break_next": "After the break: part {number} of {n_parts}. What you have done "
        "is saved.",
        "break_wait": "You can go on in {seconds} s.",
        "break_over": "You can go on now.",
        "run_loading": "Loading…",
        "run_saving": "Saving…",
        "run_slow": "Saving takes longer than usual.",
        "run_offline": "No connection. Your responses are kept on this device and "
        "sent as soon as there is one.",
        "run_busy": "The server cannot save just now. Your responses are kept on this "
        "device and sent as soon as it can.",
        "run_no_connection": "No connection. Trying again.",
        "run_server_away": "The server cannot reply just now. Trying again.",
        "run_no_image": "An image could not be loaded, so it was left out. This is not "
        "counted against you.",
        "run_fault": "Something on this page does not work. What you have answered "
        "is kept. Please reload the page; if that does not help, open the same link "
        "in another browser.",
        "run_right_is": "This would have been right:",
        "run_not_saved": "A response could not be saved.",
        "run_stuck": "The next part could not be opened. Reload this page to try "
        "again.",
        "run_no_script": "This page shows images at exact times and needs JavaScript. "
        "Please switch it on and reload the page.",
        # Survey and debriefing
        "survey_title": "Last questions",
        "survey_intro": "All of them may be left out. What you say here has no "
        "consequence for you.",
        "survey_choose": "“{question}”: please choose one of what is offered.",
        "survey_too_long": "“{question}”: please write at most {n_most} characters.",
        "debriefing_title": "What this was about",
        "debriefing_finish": "Finish",
        "another_intro": "There are more images. If you like, do another part.",
        "another_button": "Do another part",
        # The end
        "finish_title": "Thank you",
        "finish_saved": "Your responses are saved.",
        "finish_form": "One more step: hand in your work at the site you came from.",
        "finish_form_button": "Hand in",
        "finish_redirect": "One more step: go back to the site you came from, so that "
        "it knows you have finished.",
        "finish_redirect_button": "Go back and finish",
        "finish_redirect_code": "If that page does not open, enter this code there:",
        "finish_code": "Enter this code at the site you came from:",
        "finish_code_again": "You can come back to this page by the same link to see "
        "the code again.",
        "finish_site": "the site you came from",
        "finish_give_back": "You can return your submission on {site}: there is no "
        "completion code for a study that was not finished, and a place that is "
        "returned goes to somebody else.",
        "finish_stopped": "What you did until now is paid by the rule you read before "
        "you agreed.",
        # Next to nothing came, and a person looks at it first
        "held_title": "Thank you: a person will look at this",
        "held": "Most of the images could not be shown to you, or have no response. "
        "That happens for many reasons, often without anybody's fault. What arrived is "
        "saved, and somebody from the study looks at it before anything else happens.",
        "held_next": "You need do nothing more for that. If something went wrong, or "
        "you have a question, write to {contact}.",
        "held_next_inviter": "You need do nothing more for that. If something went "
        "wrong, or you have a question, tell whoever invited you.",
        "held_no_code": "There is no completion code for now. If the site you came "
        "from asks for one, go on there without it, or wait until you hear from us.",
        "copy_button": "Copy",
        "copy_code": "Copy the code",
        "copied": "Copied",
        "copy_by_hand": "Please copy it by hand",
        # Leaving early
        "withdraw_title": "Withdraw from the study?",
        "withdraw_free": "You may stop at any time and need not say why.",
        "withdraw_effect": "After withdrawing you cannot come back to this study. What "
        "you have done so far is not used as a finished contribution.",
        "withdraw_no": "No, go back",
        "withdraw_yes": "Yes, withdraw",
        "withdrawn_title": "You have withdrawn",
        "withdrawn": "Thank you for your interest. Nothing you did is used.",
        "withdrawn_erase": "If you want to have what was recorded erased as well, "
        "write to {contact}.",
        "expired_title": "The time is over",
        "expired": "Your place was kept for a while and has now been given back.",
        "expired_saved": "Every response you gave before that is saved.",
        "expired_return": "There may still be room: open the link you first came by "
        "again, and you go on where you stopped.",
        # Why somebody cannot take part
        "full_title": "All places are taken",
        "full": "Every place in this study is taken at the moment. Places that others "
        "give back become free again, so it may be worth trying later.",
        "many_starting_title": "Please try again in a few minutes",
        "many_starting": "Many people are starting at this moment. Please try again in "
        "a few minutes: a place that nobody takes up becomes free again.",
        "not_open_title": "The study is not open",
        "not_open": "This study has not begun yet.",
        "paused": "This study is paused. Please come back later by the same link; what "
        "you have done so far is kept.",
        "closed": "This study is closed. Thank you for your interest.",
        "excluded_title": "You cannot take part in this study",
        "excluded_earlier": "You took part in an earlier round of this study, so you "
        "cannot take part in this one. Thank you all the same.",
        "excluded_other": "You took part in {studies}, so you cannot take part in this "
        "study. Thank you all the same.",
        "excluded_device": "This study can be done on these devices: {devices}. "
        "Please open the same link on such a device.",
        "device_desktop": "desktop",
        "device_tablet": "tablet",
        "device_phone": "phone",
        "another_enough": "This study allows {n_allowed} per person, and you have done "
        "{n_done}. Thank you.",
        "another_none": "Nothing is left for you to do in this study. Thank you.",
        "link_title": "The link is not complete",
        "link": "The address does not tell us who you are. Please come here by the "
        "whole link you were given.",
    }
)
