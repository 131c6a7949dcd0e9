// The settings: what Alice changes holds at once, and she can take it back.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { SNAPSHOT, openWindow, settled } from "./window.mjs";

let page, done, answers, show;
beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  ({ page, done, answers, show } = await openWindow());
});
afterEach(() => {
  for (const dialog of page.all("dialog")) dialog.close();
  show();
  mock.timers.reset();
});

const open = (changes = {}) => {
  show({ settings: { ...SNAPSHOT.settings, ...changes } });
  page.click(page.find("button", "Settings"));
};
const rest = async () => {
  mock.timers.tick(1_000);
  await settled();
};
const saved = () => done.filter(([name]) => name === "saveSettings").map(([, settings]) => settings);
const close = async () => {
  page.find("dialog", "Settings").close();
  await settled();
};

describe("what is typed", () => {
  test("is judged as it is typed, and nothing wrong is saved", async () => {
    open();
    page.click(page.find("button", "Add server"));
    page.type(page.find("textbox", "Address of server 1"), "turn:host:99999");
    assert.match(page.text(".server .error"), /between 1 and 65535/);
    page.type(page.find("number", "Stop ringing after"), "3");
    assert.match(page.text("#settings-no-answer-error"), /between 5 and 120/);
    await rest();
    await close();
    assert.deepEqual(done, []);
  });

  test("is saved once typing rests", async () => {
    open();
    page.type(page.find("textbox", "Server"), " wss://calls.example.org ");
    assert.deepEqual(done, []);
    await rest();
    assert.equal(saved().at(-1).server, "wss://calls.example.org");
    page.click(page.find("button", "Add server"));
    page.type(page.find("textbox", "Address of server 1"), "stun:a.example, stun:b.example");
    await rest();
    assert.deepEqual(saved().at(-1), {
      ...SNAPSHOT.settings,
      server: "wss://calls.example.org",
      ice_servers: [{ urls: ["stun:a.example", "stun:b.example"] }],
    });
  });

  test("is saved when the settings are closed at once", async () => {
    open();
    page.type(page.find("number", "Stop ringing after"), "20");
    page.click(page.find("button", "Close"));
    await settled();
    assert.deepEqual(saved().map(({ no_answer_seconds }) => no_answer_seconds), [20]);
  });

  test("and is my name, I am called so", async () => {
    open();
    page.type(page.find("textbox", "My name"), "Alice L.");
    await rest();
    assert.deepEqual(done, [["start", "Alice L."]]);
    page.click(page.find("button", "Undo"));
    await settled();
    assert.deepEqual(done.at(-1), ["start", "Alice"]);
    assert.equal(page.find("textbox", "My name").value, "Alice");
  });
});

describe("a choice", () => {
  test("holds at once, and can be undone", async () => {
    open();
    page.change(page.find("combobox", "Colours"), "dark");
    await settled();
    assert.equal(saved().at(-1).theme, "dark");
    page.click(page.find("button", "Undo"));
    await settled();
    assert.equal(saved().at(-1).theme, "system");
    assert.equal(page.find("combobox", "Colours").value, "system");
    assert.equal(page.text(".toast p"), "Undone.");
  });

  test("that is refused goes back and says why", async () => {
    answers.saveSettings = new Error("The disk is full.");
    open();
    page.change(page.find("switch", "Invisible"), true);
    await settled();
    assert.equal(page.find("switch", "Invisible").checked, false);
    assert.equal(page.text(".toast-error p"), "The disk is full.");
  });

  test("made elsewhere is shown", () => {
    open();
    show({ settings: { ...SNAPSHOT.settings, favorites_break_quiet: false, history_days: 30 } });
    assert.equal(page.find("switch", "Favourites ring through").checked, false);
    assert.equal(page.find("combobox", "Keep calls in the history").value, "30");
  });

  test("of a language or of how long calls are kept can be none", async () => {
    open({ language: "de", history_days: 7 });
    page.change(page.find("combobox", "Language"), "");
    page.change(page.find("combobox", "Keep calls in the history"), "");
    await settled();
    assert.equal(saved().at(-1).language, null);
    assert.equal(saved().at(-1).history_days, null);
  });
});

describe("devices", () => {
  const CAMERA = { kind: "videoinput", deviceId: "cam", label: "Blue camera" };

  test("are chosen by name; one that is gone stays chosen", async () => {
    answers.devices = [CAMERA, { kind: "audioinput", deviceId: "mic", label: "" }];
    open({ microphone: "lost" });
    await settled();
    const names = (label) => [...page.find("combobox", label).querySelectorAll("option")].map((one) => one.textContent);
    assert.deepEqual(names("Camera"), ["As the system chooses", "Blue camera"]);
    assert.deepEqual(names("Microphone"), ["As the system chooses", "Device 1", "Not connected now"]);
    page.change(page.find("combobox", "Camera"), "cam");
    await settled();
    assert.equal(saved().at(-1).camera, "cam");
  });

  test("are tried, and let go of with the settings", async () => {
    const stopped = [];
    const track = (kind) => ({ kind, stop: () => stopped.push(kind) });
    const tracks = [track("audio"), track("video")];
    globalThis.MediaStream = class {};
    answers.tryDevices = {
      stream: { getTracks: () => tracks, getAudioTracks: () => [tracks[0]], getVideoTracks: () => [tracks[1]] },
      microphone: "ok",
      camera: "ok",
    };
    answers.listen = (track) => () => (track === tracks[0] ? 0.42 : 0);
    open();
    page.click(page.find("button", "Try camera and microphone"));
    await settled();
    assert.ok(page.find("video", "My camera"));
    mock.timers.tick(100);
    assert.equal(page.find("meter", "How loud the microphone hears me").getAttribute("aria-valuenow"), "42");
    await close();
    assert.deepEqual(stopped, ["audio", "video"]);
  });

  test("that do not work say why", async () => {
    answers.tryDevices = { stream: { getTracks: () => [], getAudioTracks: () => [], getVideoTracks: () => [] }, microphone: "denied", camera: "none" };
    open();
    page.click(page.find("button", "Try camera and microphone"));
    await settled();
    assert.match(page.text(".trial .error"), /No camera found.*may not use the microphone/);
  });

  test("a ringtone is heard when it is chosen, and falls silent with the settings", async () => {
    open();
    page.change(page.find("combobox", "Ringtone"), "chime");
    await settled();
    assert.equal(saved().at(-1).ringtone, "chime");
    assert.ok(page.find("button", "Stop ringtone"));
    await close();
    assert.deepEqual(done.filter(([name]) => ["playRingtone", "silence"].includes(name)), [["playRingtone", "chime", 70], ["silence"]]);
  });
});

describe("about", () => {
  test("which Ringdown this is, and what to send to whoever helps", async () => {
    open();
    await settled();
    assert.equal(page.text(".about-version"), "Ringdown 1.2.3");
    page.click(page.find("button", "Export diagnostics"));
    await settled();
    assert.equal(page.find("textbox", "Export diagnostics").value, "ringdown: 1.2.3\n");
  });

  test("newer versions are no matter where this build does not know where to look", async () => {
    open();
    assert.equal(page.find("switch", "Look for new versions once a day"), null);
    assert.equal(page.find("button", "Look for a new version"), null);
  });

  test("a newer version is looked for when asked, and got from its page", async () => {
    show({ update: { found: null } });
    page.click(page.find("button", "Settings"));
    const about = page.document.querySelector(".about-version").closest("section");
    const said = () => about.querySelector("[role=status]").textContent;
    assert.equal(page.find("button", "Open its page"), null);
    answers.lookForUpdate = null;
    page.click(page.find("button", "Look for a new version"));
    await settled();
    assert.equal(said(), "This is the newest version.");
    answers.lookForUpdate = new Error("The server with new versions can't be reached.");
    page.click(page.find("button", "Look for a new version"));
    await settled();
    assert.equal(said(), "The server with new versions can't be reached.");
    answers.lookForUpdate = { version: "9.0.0", page: "https://example.org" };
    page.click(page.find("button", "Look for a new version"));
    await settled();
    assert.equal(said(), "Version 9.0.0 is there.");
    page.click(page.find("button", "Open its page"));
    page.change(page.find("switch", "Look for new versions once a day"), true);
    await settled();
    assert.deepEqual(done.at(-2), ["openUpdate"]);
    assert.equal(saved().at(-1).check_updates, true);
  });

  test("a version that was found before is shown at once", async () => {
    show({ update: { found: { version: "9.0.0", page: "https://example.org" } } });
    page.click(page.find("button", "Settings"));
    assert.ok(page.find("button", "Open its page"));
  });

  test("starting with the computer is asked of the system, not of the settings", async () => {
    answers.autostart = true;
    open();
    await settled();
    assert.equal(page.find("switch", "Start with the computer").checked, true);
    page.change(page.find("switch", "Start with the computer"), false);
    await settled();
    assert.deepEqual(done, [["setAutostart", false]]);
  });
});
