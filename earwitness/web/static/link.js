// The session of docs/protocol.md as this page speaks it, over one WebSocket at a time. On a bad network another is opened while the
// old one still waits for packets that were lost, and the link goes on over whichever is through first.

const VERSION = 1;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
/** A new connection is soon through where an old one waits ever longer for packets that were lost. */
const STALL_MS = 1200;
/** On a far way, twice the shortest time that an answer ever took comes on top, but no more than this. */
const MOST_FARTHER_MS = 4000;
/** The first connection has time: nothing waits for it. */
const WELCOME_MS = 4000;
const WATCH_MS = 200;
const PING_MS = 1000;
const MOST_OPENING = 3;
/** So long without a way through, and the link is given up. */
const KEPT_MS = 20_000;
const MOST_KEPT_BYTES = 1 << 20;
const CONFIRM_AT_FRAMES = 16;
const LEFT = 1000;
const REPLACED = 4000;
/** Close codes of a connection that was lost, or that another one replaced; all others end the session. */
const LOST = new Set([1005, 1006, REPLACED]);

export class Link extends EventTarget {
  #live = null; // carries the link
  #opening = new Set(); // connections on their way
  #asking = null; // the one of them that is through and asked to go on
  #newestAt = 0;
  #pause = FIRST_PAUSE_MS;
  #timer = 0;
  #watch = 0;
  #token = null;
  #received = 0;
  #unconfirmed = 0;
  #kept = []; // what the server may not have
  #keptBytes = 0;
  #acked = 0;
  #owedSince = 0; // since when an answer is due, 0 for none
  #soonest = Infinity; // the shortest time that an answer took
  #pingedAt = 0;
  #isBusy = false;
  #isBegun = false;
  #isStalled = false;

  /** @param {() => object} makeHello the fields of `hello`, asked for at each session */
  constructor(makeHello) {
    super();
    this.makeHello = makeHello;
    addEventListener("pagehide", () => this.#live?.close(LEFT));
  }

  /** Whether there is a session: what is sent now arrives, or the loss of it is told. */
  get isOpen() {
    return this.#isBegun;
  }

  connect() {
    clearTimeout(this.#timer);
    this.#forget();
    this.#open();
    clearInterval(this.#watch);
    this.#watch = setInterval(() => this.#look(performance.now()), WATCH_MS);
  }

  /** End this session and begin another at once, with a new hello. */
  renew() {
    this.connect();
  }

  /** Send a message; false if there is no session. */
  send(type, fields = {}) {
    if (!this.isOpen) return false;
    this.#keep(JSON.stringify({ type, ...fields }));
    return true;
  }

  sendSound(chunk) {
    if (this.isOpen) this.#keep(chunk);
  }

  #forget() {
    for (const socket of [this.#live, ...this.#opening]) if (socket) this.#drop(socket, LEFT);
    this.#live = this.#asking = this.#token = null;
    this.#opening.clear();
    this.#kept = [];
    this.#received = this.#unconfirmed = this.#acked = this.#keptBytes = this.#owedSince = 0;
    this.#soonest = Infinity;
    this.#isBusy = this.#isBegun = this.#isStalled = false;
  }

  #drop(socket, code) {
    socket.onmessage = socket.onclose = null;
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close(code);
    else socket.close(code);
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/session`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#ask(socket);
    socket.onclose = ({ code }) => this.#closed(socket, code);
    this.#opening.add(socket);
    this.#newestAt = performance.now();
  }

  /** This one is through: it alone asks to go on, and nothing that comes over the one before counts any more. */
  #ask(socket) {
    if (this.#live) this.#drop(this.#live, REPLACED);
    this.#live = null;
    this.#owedSince ||= performance.now();
    for (const other of this.#opening) if (other !== socket) this.#drop(other, REPLACED);
    this.#opening = new Set([socket]);
    this.#asking = socket;
    this.#newestAt = performance.now();
    socket.onmessage = ({ data }) => this.#take(socket, data);
    socket.send(JSON.stringify({ type: "link", token: this.#token, received: this.#received }));
  }

  #begin(socket, { token, received, resumed }) {
    if (this.#token !== null && !resumed) {
      this.#lose();
      return;
    }
    this.#opening.delete(socket);
    this.#asking = null;
    this.#live = socket;
    this.#soonest = Math.min(this.#soonest, performance.now() - this.#newestAt);
    if (resumed) {
      this.#confirm(received);
      this.#owedSince = this.#kept.length ? performance.now() : 0;
      for (const frame of this.#kept) socket.send(frame);
      if (this.#isStalled) this.#tell("resumed", {});
      this.#isStalled = false;
      return;
    }
    this.#token = token;
    this.#isBegun = true;
    this.#keep(JSON.stringify({ type: "hello", version: VERSION, ...this.makeHello() }));
  }

  #keep(frame) {
    this.#kept.push(frame);
    this.#keptBytes += frame.length ?? frame.byteLength;
    this.#owedSince ||= performance.now();
    if (this.#keptBytes > MOST_KEPT_BYTES) this.#lose();
    else if (this.#live?.readyState === WebSocket.OPEN) this.#live.send(frame);
  }

  /** How long an answer may take before the way counts as stalled. */
  get #patience() {
    const farther = Number.isFinite(this.#soonest) ? 2 * this.#soonest : 0;
    return STALL_MS + Math.min(MOST_FARTHER_MS, farther);
  }

  #confirm(count) {
    const gone = this.#kept.splice(0, Math.max(0, count - this.#acked));
    this.#acked += gone.length;
    for (const frame of gone) this.#keptBytes -= frame.length ?? frame.byteLength;
    if (gone.length || !this.#kept.length) this.#owedSince = this.#kept.length ? performance.now() : 0;
  }

  #ping(now) {
    this.#pingedAt = now;
    this.#owedSince ||= now;
    this.#unconfirmed = 0;
    if (this.#live?.readyState === WebSocket.OPEN) this.#live.send(JSON.stringify({ type: "ping", received: this.#received }));
  }

  #take(socket, data) {
    if (socket !== this.#live) {
      const message = JSON.parse(data);
      if (message.type === "link") this.#begin(socket, message);
      else this.#tell(message.type, message);
      return;
    }
    const message = typeof data === "string" ? JSON.parse(data) : null;
    if (message?.type === "ack") {
      if (this.#owedSince) this.#soonest = Math.min(this.#soonest, performance.now() - this.#owedSince);
      this.#confirm(message.received);
      return;
    }
    this.#received += 1;
    this.#unconfirmed += 1;
    if (this.#unconfirmed >= CONFIRM_AT_FRAMES) this.#ping(performance.now());
    if (message === null) this.#hear(data);
    else this.#heed(message);
  }

  #hear(data) {
    const view = new DataView(data);
    if (view.getUint8(0) !== VERSION) return;
    this.#tell("sound", { id: view.getUint32(1, true), samples: new Int16Array(data.slice(5)) });
  }

  #heed(message) {
    if (message.type === "welcome") this.#pause = FIRST_PAUSE_MS;
    if (message.type === "state") this.#isBusy = message.state !== "asleep";
    this.#tell(message.type, message);
  }

  /** Whether an answer is overdue: then a new connection is tried beside the one that is there. */
  #look(now) {
    if (this.#live && now - this.#pingedAt > PING_MS && (this.#isBusy || this.#kept.length || this.#unconfirmed)) this.#ping(now);
    const late = this.#owedSince ? now - this.#owedSince : 0;
    if (this.#live && late <= this.#patience) {
      for (const socket of this.#opening) {
        if (socket === this.#asking) continue;
        this.#drop(socket, REPLACED);
        this.#opening.delete(socket);
      }
      return;
    }
    if (this.#token !== null && late > KEPT_MS) {
      this.#lose();
      return;
    }
    const patience = this.#token === null ? WELCOME_MS : this.#patience;
    if (now - this.#newestAt <= patience || this.#opening.size >= MOST_OPENING) return;
    if (this.#token !== null && !this.#isStalled) {
      this.#isStalled = true;
      this.#tell("stalled", {});
    }
    this.#open();
  }

  #closed(socket, code) {
    if (this.#opening.delete(socket)) {
      if (socket === this.#asking) this.#asking = null;
      if (this.#token === null && !this.#opening.size) this.#lose();
      return;
    }
    if (socket !== this.#live) return;
    this.#live = null;
    this.#owedSince ||= performance.now();
    if (!LOST.has(code)) this.#lose();
    else if (!this.#opening.size) this.#open();
  }

  #lose() {
    clearInterval(this.#watch);
    this.#forget();
    const pause = this.#pause * (0.8 + 0.4 * Math.random());
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
    this.#tell("lost", { seconds: pause / 1000 });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), pause);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
