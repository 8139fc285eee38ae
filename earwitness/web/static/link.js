// The session of docs/protocol.md as this page speaks it: one WebSocket, connected again with growing pauses when it breaks.

const VERSION = 1;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
/** A new connection is soon through where an old one waits ever longer for packets that were lost. */
const WELCOME_MS = 4000;

export class Link extends EventTarget {
  #socket = null;
  #pause = FIRST_PAUSE_MS;
  #timer = 0;
  #patience = 0;

  /** @param {() => object} makeHello the fields of `hello`, asked for at each connection */
  constructor(makeHello) {
    super();
    this.makeHello = makeHello;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.#timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/session`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", version: VERSION, ...this.makeHello() }));
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = () => this.#lose(socket);
    this.#socket = socket;
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#giveUp(socket), WELCOME_MS);
  }

  /** End this session and begin another at once, with a new hello. */
  renew() {
    const old = this.#socket;
    if (old) {
      old.onclose = old.onmessage = null;
      old.close();
    }
    this.connect();
  }

  /** Send a message; false if there is no connection. */
  send(type, fields = {}) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify({ type, ...fields }));
    return true;
  }

  sendSound(chunk) {
    if (this.isOpen) this.#socket.send(chunk);
  }

  #take(data) {
    if (typeof data !== "string") {
      const view = new DataView(data);
      if (view.getUint8(0) !== VERSION) return;
      this.#tell("sound", { id: view.getUint32(1, true), samples: new Int16Array(data.slice(5)) });
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "welcome") {
      this.#pause = FIRST_PAUSE_MS;
      clearTimeout(this.#patience);
    }
    this.#tell(message.type, message);
  }

  #giveUp(socket) {
    if (socket !== this.#socket) return;
    socket.onclose = socket.onmessage = null;
    socket.close();
    this.#lose(socket);
  }

  #lose(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#patience);
    this.#socket = null;
    const pause = this.#pause * (0.8 + 0.4 * Math.random());
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
    this.#tell("lost", { seconds: pause / 1000 });
    this.#timer = setTimeout(() => this.connect(), pause);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
