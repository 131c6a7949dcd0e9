// What Ringdown is measured against: a call by nothing but a browser's own WebRTC, negotiated as the specification
// recommends ("perfect negotiation", W3C WebRTC 1.0 section 10.7). Signals cross a WebSocket.
const CODECS = ["video/vp8", "video/rtx", "audio/opus"];
const post = new WebSocket(`ws://${location.host}/post`);
const remote = document.getElementById("remote");
const local = document.getElementById("local");
let pc = null;
let stream = null;
let polite = false;
let making = false;
let ignoring = false;

const say = (message) => post.send(JSON.stringify(message));

/** Only what both products have. */
function prefer() {
  for (const transceiver of pc.getTransceivers()) {
    const { codecs } = RTCRtpReceiver.getCapabilities(transceiver.receiver.track.kind);
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => CODECS.includes(mimeType.toLowerCase())));
  }
}

async function open(video) {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const size = { width: 640, height: 480, frameRate: 30 };
  stream = await navigator.mediaDevices.getUserMedia({ audio, video: video && size });
  if (video) local.srcObject = stream;
}

/** @param {boolean} offers - Whether this is the side that accepts: as in Ringdown it makes the first offer. */
function connect(offers, withVideo) {
  polite = !offers;
  making = ignoring = false;
  pc = window.pc = new RTCPeerConnection();
  pc.ontrack = ({ streams: [first] }) => {
    if (remote.srcObject !== first) remote.srcObject = first;
  };
  pc.onicecandidate = ({ candidate }) => candidate && say({ candidate });
  // After an outage Chromium calls the connection failed while ICE is only disconnected.
  pc.onconnectionstatechange = () => {
    if (pc.connectionState === "failed") pc.restartIce();
  };
  pc.onnegotiationneeded = async () => {
    making = true;
    await pc.setLocalDescription();
    say({ description: pc.localDescription });
    making = false;
  };
  if (!offers) return;
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
  if (withVideo && stream.getVideoTracks().length === 0) pc.addTransceiver("video", { direction: "recvonly" });
  prefer();
}

async function hear({ description, candidate }) {
  if (candidate) {
    await pc.addIceCandidate(candidate).catch((error) => {
      if (!ignoring) throw error;
    });
    return;
  }
  const collides = description.type === "offer" && (making || pc.signalingState !== "stable");
  ignoring = !polite && collides;
  if (ignoring) return;
  await pc.setRemoteDescription(description);
  if (description.type !== "offer") return;
  if (pc.getSenders().every(({ track }) => !track)) for (const track of stream.getTracks()) pc.addTrack(track, stream);
  prefer();
  await pc.setLocalDescription();
  say({ description: pc.localDescription });
}

// One after the other, as they were said.
let turn = Promise.resolve();
post.addEventListener("message", ({ data }) => {
  turn = turn.then(() => hear(JSON.parse(data))).catch((error) => {
    document.body.dataset.error = String(error);
  });
});
post.addEventListener("open", () => {
  document.body.dataset.ready = "yes";
});

Object.assign(window, {
  /** Rings: the devices are open, as those of Ringdown's caller are. */
  ring: async (video) => {
    await open(video);
    connect(false, video);
  },
  /** Accepts: the clock begins, then the devices are opened. */
  accept: async (video, camera) => {
    probe.accepted = Date.now();
    await open(camera);
    connect(true, video);
  },
});
