// The foreign peer: the app's own call.js on the browser's own RTCPeerConnection. Signals cross a WebSocket to a hub.
import { Call } from "/ui/call.js";

const bridge = new WebSocket(`ws://${location.host}/bridge`);
const remote = document.querySelector("video[aria-label=remote]");
const local = document.querySelector("video[aria-label=You]");
/** @type {{ id: string, call: Call, stream: MediaStream, microphone: AudioContext } | null} */
let live = null;

/** A steady tone in place of a microphone, so that the other side can find it by its frequency. */
function hum(hz) {
  const context = new AudioContext();
  const oscillator = new OscillatorNode(context, { frequency: hz });
  const gain = new GainNode(context, { gain: 0.3 });
  const destination = context.createMediaStreamDestination();
  oscillator.connect(gain).connect(destination);
  oscillator.start();
  return { context, track: destination.stream.getAudioTracks()[0] };
}

async function start({ call: id, polite, initiator, video, configuration }) {
  const say = (message) => bridge.send(JSON.stringify({ call: id, ...message }));
  const call = new Call({
    createPeerConnection: (wanted) => (window.pc = new RTCPeerConnection(wanted)),
    configuration,
    polite,
    initiator,
    send: (data) => say({ data }),
  });
  const voice = hum(550);
  live = { id, call, stream: new MediaStream(), microphone: voice.context };
  call.addEventListener("remotestream", ({ detail }) => {
    remote.srcObject = detail.stream;
  });
  call.addEventListener("held", ({ detail }) => {
    document.body.dataset.held = String(detail);
  });
  call.addEventListener("state", ({ detail }) => say({ state: detail }));
  call.addEventListener("error", ({ detail }) => {
    document.body.dataset.error = String(detail);
  });
  const tracks = video ? (await navigator.mediaDevices.getUserMedia({ video: true })).getVideoTracks() : [];
  live.stream = new MediaStream([voice.track, ...tracks]);
  local.srcObject = live.stream;
  call.start(live.stream);
}

function stop() {
  live?.call.close();
  live?.microphone.close();
  for (const track of live?.stream.getTracks() ?? []) track.stop();
  live = null;
  remote.srcObject = null;
}

// One after the other: a signal must not overtake the start it belongs to.
let turn = Promise.resolve();
bridge.addEventListener("message", ({ data }) => {
  const event = JSON.parse(data);
  turn = turn.then(async () => {
    if (event.kind === "start") await start(event);
    else if (event.kind === "signal" && event.call === live?.id) live.call.handleSignal(event.data);
    else if (event.kind === "stop") stop();
  });
});
bridge.addEventListener("open", () => {
  document.body.dataset.ready = "yes";
});
