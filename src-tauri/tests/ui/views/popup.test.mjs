// Bob's popup: Alice calls while his window is out of sight.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPage } from "./page.mjs";

createPage();
const { createPopup } = await import("../../../../ui/views/popup.js");
const VIEW = { key: "alice-key", name: "Alice", verified: false, video: true, during: null };

/** @param {Element} element @param {string} label */
const press = (element, label) => {
  const button = [...element.querySelectorAll("button")].find((found) => found.textContent === label);
  assert.ok(button, `no button "${label}"`);
  button.dispatchEvent(new window.Event("click"));
};

test("it says who calls, and what about", () => {
  const { element, title } = createPopup(VIEW, () => {});
  assert.equal(title, "Alice is calling");
  assert.equal(element.getAttribute("role"), "dialog");
  assert.equal(element.querySelector("#popup-title").textContent, "Alice is calling");
  assert.equal(element.querySelector("#popup-kind").textContent, "Video call");
  assert.equal(element.querySelector(".badge").hidden, true);
});

test("every button is an answer, given once", () => {
  for (const [label, wanted] of [["Accept", "accept"], ["Accept without video", "accept_voice"], ["Decline", "decline"]]) {
    const answers = [];
    const { element } = createPopup(VIEW, (answer) => answers.push(answer));
    press(element, label);
    assert.deepEqual(answers, [wanted]);
    assert.ok([...element.querySelectorAll("button")].every((button) => button.disabled));
  }
});

test("a voice call has no picture to leave out, and a verified caller their badge", () => {
  const { element } = createPopup({ ...VIEW, video: false, verified: true }, () => {});
  const answers = [...element.querySelectorAll("button")].map((button) => button.textContent);
  assert.deepEqual(answers, ["Decline", "Accept", "Not now, in 10 min"]);
  assert.equal(element.querySelector("#popup-kind").textContent, "Voice call");
  assert.equal(element.querySelector(".badge").hidden, false);
});

test("who calls during a call can be answered in two ways", () => {
  let answers = [];
  const { element, title } = createPopup({ ...VIEW, name: "Carol", during: "Alice" }, (answer) => answers.push(answer));
  assert.equal(title, "Carol is calling too");
  assert.equal(element.querySelector("#popup-kind").textContent, "Video call. You are in a call with Alice.");
  assert.deepEqual([...element.querySelectorAll("button")].map((button) => button.textContent), ["Decline", "Hold and accept", "End and accept"]);
  press(element, "End and accept");
  assert.deepEqual(answers, ["end_and_accept"]);
  answers = [];
  press(createPopup({ ...VIEW, during: "Alice" }, (answer) => answers.push(answer)).element, "Hold and accept");
  assert.deepEqual(answers, ["hold_and_accept"]);
});
