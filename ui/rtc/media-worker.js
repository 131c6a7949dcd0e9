// The media worker's entry: messages in, everything else is the plane's.

import { WorkerPlane } from "./worker-plane.js";

const scope = /** @type {import("./webkit.d.ts").MediaWorkerScope} */ (/** @type {unknown} */ (globalThis));
const plane = new WorkerPlane(scope);
scope.onmessage = (/** @type {MessageEvent} */ { data }) => plane.handle(data);
