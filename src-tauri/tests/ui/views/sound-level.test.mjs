// How loud a microphone is, whoever hears it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { levelOf } from "../../../../ui/sound-level.js";

const untouched = () => assert.fail("the webview's own audio is not to be touched");
const heard = (amplitude) => levelOf({}, untouched, { listen: () => () => amplitude })();

test("a voice that the engine hears is shown as ears would have it", () => {
  assert.equal(heard(0), 0);
  assert.equal(heard(0.0001), 0);
  assert.equal(Math.round(heard(0.0158) * 100), 50, "half way between hardly heard and close by");
  assert.equal(heard(1), 1);
});
