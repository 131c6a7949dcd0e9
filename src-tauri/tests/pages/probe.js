// What is noted inside a page while a call is measured; the same in Ringdown's window and in Chromium. It is put in by
// WebDriver, before the call. Times are Date.now(): one machine, one clock.
window.probe ??= (() => {
  const BARS = 16;
  const probe = { peers: [], accepted: null, watched: {}, samples: [] };

  // Every connection that the page makes from now on.
  window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
    construct(target, parameters) {
      const peer = Reflect.construct(target, parameters);
      probe.peers.push(peer);
      return peer;
    },
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button");
    const name = button?.getAttribute("aria-label") ?? button?.textContent.trim() ?? "";
    if (name.startsWith("Accept")) probe.accepted = Date.now();
  }, true);

  // bars.rs says what they mean.
  const strip = Object.assign(document.createElement("canvas"), { width: BARS, height: 1 });
  const pen = strip.getContext("2d", { willReadFrequently: true });
  const read = (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    pen.drawImage(video, 0, height / 60, width, height / 30, 0, 0, BARS, 1);
    const dots = pen.getImageData(0, 0, BARS, 1).data;
    let code = 0;
    for (let bit = 0; bit < BARS; bit++) if (dots[bit * 4 + 1] > 127) code |= 1 << bit;
    const number = code & 2047;
    return ((number ^ (number >> 5) ^ (number >> 10) ^ 0b10101) & 31) === code >> 11 ? number : -1;
  };

  /**
   * Notes every picture that a video element shows, as [when, number, presented, width]. The number is read from every
   * `every`th (0: from none), and is -1 where that failed and null where it was not tried. `presented` also counts those
   * that the page, being busy, heard nothing of.
   */
  probe.watch = (which, selector, every) => {
    const shown = (probe.watched[which] = []);
    let count = 0;
    let current = null;
    const follow = (video) => {
      const note = (_, { presentedFrames }) => {
        if (probe.watched[which] !== shown || video !== current) return;
        const when = Date.now();
        const number = every > 0 && count++ % every === 0 ? read(video) : null;
        shown.push([when, number, presentedFrames ?? 0, video.videoWidth]);
        video.requestVideoFrameCallback(note);
      };
      video.requestVideoFrameCallback(note);
    };
    const seek = () => {
      if (probe.watched[which] !== shown) return;
      // A view that is drawn anew, as after an outage, shows the picture in another element.
      const video = document.querySelector(selector);
      if (video?.srcObject && video !== current) follow((current = video));
      setTimeout(seek, current ? 250 : 10);
    };
    seek();
  };

  // Names of the fields of a sample, and of those of the statistics that they are taken from.
  const FIELDS = {
    "inbound-rtp video": { videoBytesIn: "bytesReceived", keyFrames: "keyFramesDecoded", decoded: "framesDecoded" },
    "inbound-rtp audio": { concealed: "concealedSamples", samples: "totalSamplesReceived" },
    "outbound-rtp video": { videoBytesOut: "bytesSent", encoded: "framesEncoded" },
    "outbound-rtp audio": { voicePackets: "packetsSent" },
  };
  const sample = async () => {
    const peer = probe.peers.at(-1);
    if (!peer || peer.connectionState === "closed") return;
    const found = { at: Date.now() };
    const report = await peer.getStats();
    report.forEach((entry) => {
      for (const [field, name] of Object.entries(FIELDS[`${entry.type} ${entry.kind}`] ?? {})) {
        if (entry[name] !== undefined) found[field] = entry[name];
      }
    });
    probe.samples.push(found);
  };
  setInterval(() => sample().catch(() => {}), 1000);

  probe.told = () => {
    const { accepted, watched, samples } = probe;
    return { accepted, local: watched.local ?? [], remote: watched.remote ?? [], samples };
  };
  return probe;
})();
