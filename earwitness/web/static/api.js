// Asks the server's JSON API as our own page; whatever goes wrong becomes one sentence that a person can act on.

const PAGE_HEADER = { "x-earwitness-page": "1" };
const NO_ANSWER = "The server does not answer. See whether it runs, then try again.";
const REVOKE_MS = 60_000;
/** What changes nothing is asked again when no answer began in so long: a new connection is soon through where an old one waits ever
 * longer for packets that were lost. The last try waits as long as it takes. */
const PATIENCE_MS = [3000, 6000];

export class ApiError extends Error {
  constructor(message, { code = "", status = 0 } = {}) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Calls `onNobody` when nobody is signed in any more. `confirm` asks who is to show once more that it is them; gives whether they did. */
export const door = { onNobody: () => {}, confirm: async () => false };

async function refusal(response) {
  let told = {};
  try {
    told = await response.json();
  } catch {
    // no JSON: a proxy's page, say; the status has to do
  }
  const message = told.message ?? `The server refused that (status ${response.status}).`;
  if (told.code === "access.not_signed_in") door.onNobody();
  return new ApiError(message, { code: told.code, status: response.status });
}

/** A fetch that is broken off when no answer began in that time. */
async function fetchWithin(patience, path, options) {
  const giving = new AbortController();
  const timer = setTimeout(() => giving.abort(), patience);
  try {
    return await fetch(path, { ...options, signal: giving.signal });
  } finally {
    clearTimeout(timer);
  }
}

async function patientFetch(path, options) {
  for (const patience of PATIENCE_MS) {
    try {
      return await fetchWithin(patience, path, options);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }
  return fetch(path, options);
}

async function send(method, path, body, { more = {}, isAgain = false, get = fetch } = {}) {
  const isBlob = body instanceof Blob;
  const headers = { ...PAGE_HEADER, ...more, ...(body === undefined ? {} : { "content-type": isBlob ? body.type : "application/json" }) };
  let response;
  try {
    response = await get(path, { method, headers, body: body === undefined || isBlob ? body : JSON.stringify(body) });
  } catch {
    throw new ApiError(NO_ANSWER, { code: "network.no_answer" });
  }
  if (response.ok) return response;
  const error = await refusal(response);
  if (error.code === "access.confirm" && !isAgain && (await door.confirm())) return send(method, path, body, { more, isAgain: true, get });
  throw error;
}

/** The JSON answer to a call, null if it has no body; what is sent is JSON or a Blob, `headers` go besides the usual ones. Throws ApiError. */
export async function ask(method, path, body, headers = {}) {
  const response = await send(method, `/api/v1${path}`, body, { more: headers, get: method === "GET" ? patientFetch : fetch });
  return response.status === 204 ? null : response.json();
}

/** The text at a path outside the API. Throws ApiError. */
export const askText = async (path) => (await send("GET", path)).text();

/** The body of an answer as a Blob; `onBytes` hears how much has come. Throws ApiError. */
export async function askBlob(path, onBytes = () => {}, headers = {}) {
  const response = await send("GET", `/api/v1${path}`, undefined, { more: headers });
  const pieces = [];
  let bytes = 0;
  try {
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      bytes += value.length;
      onBytes(bytes);
    }
  } catch {
    throw new ApiError("The connection broke before everything had come. Try again.", { code: "network.broken" });
  }
  const blob = new Blob(pieces, { type: response.headers.get("content-type") ?? "" });
  return { blob, name: /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] };
}

/** The body of the answer to a POST as a Blob. Throws ApiError. */
export const postForBlob = async (path, body, headers = {}) => (await send("POST", `/api/v1${path}`, body, { more: headers })).blob();

/** Save an answer as a file, under the name that the server gives it or else `name`. Gives its bytes. Throws ApiError. */
export async function save(path, name, onBytes) {
  const found = await askBlob(path, onBytes);
  hand(found.blob, found.name ?? name);
  return found.blob.size;
}

/** Save what the page already has as a file. */
export function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS);
}
