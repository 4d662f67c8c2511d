// What the page asks of its server. XMLHttpRequest, as it parses XML where trusted types forbid
// DOMParser, and tells how far an upload is.

export class Failure extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

// `options`: body, headers, type ("json", "document", "arraybuffer"), progress (a function).
// Resolves to the request; rejects with a Failure.
function send(method, url, options = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = options.type ?? "json";
    request.setRequestHeader("X-Blobgate-Console", "1");
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      request.setRequestHeader(name, value);
    }
    if (options.progress) request.upload.onprogress = (event) => options.progress(event.loaded);
    request.onload = () => {
      if (request.status < 300) return resolve(request);
      reject(new Failure(request.status, explain(request)));
    };
    request.onerror = () => reject(new Failure(0, "the server does not answer"));
    request.send(options.body);
  });
}

function explain(request) {
  const code = request.getResponseHeader("x-ms-error-code");
  if (code) return `${code} (${request.status})`;
  const own = request.responseType === "json" && request.response?.error;
  return own || `status ${request.status}`;
}

export async function ask(path) {
  return (await send("GET", "api/" + path)).response;
}

export async function tell(path, value = {}) {
  return (await send("POST", "api/" + path, {body: JSON.stringify(value)})).response;
}

// The URL of an operation; parameters that are empty are left out.
export function blobUrl(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value);
  return "api/blob?" + given.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
}

export async function list(parameters) {
  const request = await send("GET", blobUrl({comp: "list", ...parameters}), {type: "document"});
  return request.responseXML.documentElement;
}

// The first bytes of a blob that is not empty.
export async function readStart(target, size) {
  const options = {type: "arraybuffer", headers: {Range: `bytes=0-${size - 1}`}};
  return (await send("GET", blobUrl(target), options)).response;
}

export function remove(target) {
  return send("DELETE", blobUrl(target));
}

const BLOCK = 16 * 1024 * 1024;

// Fails with 409 when the blob exists and `overwrite` is false. `progress` gets bytes.
export async function upload(target, file, overwrite, progress) {
  const headers = {"x-ms-blob-content-type": file.type || "application/octet-stream"};
  if (!overwrite) headers["If-None-Match"] = "*";
  if (file.size <= BLOCK) {
    headers["x-ms-blob-type"] = "BlockBlob";
    return send("PUT", blobUrl(target), {body: file, headers, progress});
  }
  // Ids of this upload only: another one's blocks of the same blob must not be committed.
  const mark = crypto.getRandomValues(new Uint32Array(1))[0].toString(16).padStart(8, "0");
  let blocks = "";
  for (let at = 0; at < file.size; at += BLOCK) {
    const blockid = btoa(mark + String(at / BLOCK).padStart(7, "0"));
    const body = file.slice(at, at + BLOCK);
    const sent = (loaded) => progress(at + loaded);
    await send("PUT", blobUrl({...target, comp: "block", blockid}), {body, progress: sent});
    blocks += `<Latest>${blockid}</Latest>`;
  }
  return send("PUT", blobUrl({...target, comp: "blocklist"}),
              {body: `<BlockList>${blocks}</BlockList>`, headers});
}
