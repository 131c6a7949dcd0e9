// The data channels of one connection, and the engine's events for them.

import { Channel } from "./channel.js";
import { invalidState, operation } from "./errors.js";
import { RTCDataChannelEvent } from "./events.js";

/** Events kept for a channel whose handle is still on its way. */
const MAX_EARLY = 64;

export class PeerChannels {
  opened = 0;
  closed = 0;
  /** @type {Set<Channel>} */
  #all = new Set();
  /** @type {Map<number, any[]>} */
  #early = new Map();

  /** @param {import("./peer.js").Peer} peer */
  constructor(peer) {
    this.peer = peer;
  }

  /** @param {import("./channel.js").ChannelInit} init */
  create(init) {
    const { peer } = this;
    if (peer.closed) throw invalidState("The connection is closed");
    if (init.id !== null && [...this.#all].some((one) => one.id === init.id)) throw operation("The id is taken");
    const channel = new Channel(this, init);
    const first = !peer.wantsData;
    peer.wantsData = true;
    this.#all.add(channel);
    peer.engine.request("channelOpen", { ...init }).then(
      (answer) => this.#bind(channel, answer.channel),
      () => channel.closed(),
    );
    if (first) peer.negotiation.updateFlag();
    return channel;
  }

  /**
   * @param {Channel} channel
   * @param {number} handle
   */
  #bind(channel, handle) {
    channel.handle = handle;
    const early = this.#early.get(handle) ?? [];
    this.#early.delete(handle);
    for (const event of early) this.handle(event);
  }

  /** @param {Channel} channel @param {object} message */
  async send(channel, message) {
    await this.peer.engine.request("channelSend", { channel: channel.handle, ...message });
  }

  /** @param {Channel} channel */
  async close(channel) {
    if (channel.handle !== null) await this.peer.engine.request("channelClose", { channel: channel.handle });
  }

  /** An engine event named `channel…`. @param {any} event */
  handle(event) {
    if (event.event === "channel") return this.#announce(event);
    const channel = [...this.#all].find((one) => one.handle === event.channel);
    if (!channel) {
      const early = this.#early.get(event.channel) ?? [];
      if (early.length < MAX_EARLY) this.#early.set(event.channel, [...early, event]);
    } else if (event.event === "channelOpen") {
      this.opened += 1;
      this.peer.sctp?.set("connected");
      channel.opened(event.id);
    } else if (event.event === "channelMessage") {
      channel.received(event);
    } else {
      this.closed += 1;
      this.#all.delete(channel);
      channel.closed();
    }
  }

  /** The other side opened one. @param {any} event */
  #announce(event) {
    const channel = new Channel(this, {
      label: String(event.label ?? ""),
      protocol: String(event.protocol ?? ""),
      ordered: event.ordered !== false,
      maxPacketLifeTime: event.maxPacketLifeTime ?? null,
      maxRetransmits: event.maxRetransmits ?? null,
      negotiated: false,
      id: event.id ?? null,
    });
    channel.handle = event.channel;
    this.#all.add(channel);
    this.opened += 1;
    this.peer.wantsData = true;
    this.peer.sctp?.set("connected");
    // "announce the data channel as open": open in the event already, told after it
    channel.state = "open";
    this.peer.fire(new RTCDataChannelEvent("datachannel", { channel: channel.facade }));
    if (channel.readyToTell()) channel.facade.dispatchEvent(new Event("open"));
    this.#bind(channel, event.channel);
  }

  /** With the connection, and without a word. */
  end() {
    for (const channel of this.#all) channel.state = "closed";
  }
}
