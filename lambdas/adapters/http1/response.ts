/** An HTTP response. */
export interface HttpResponse {
  status: number;
  body: string;
  /** Whether the connection may carry another request. */
  keepAlive: boolean;
}

/** The response is not HTTP/1.1 as this reader knows it, so nothing else on its connection can be trusted. */
export class MalformedResponse extends Error {
  override name = "MalformedResponse";
}

/** Responses of API Gateway are empty or one sentence. */
const maxHeadBytes = 16 * 1024;
const maxBodyBytes = 64 * 1024;

const statusPattern = /^HTTP\/1\.1 ([1-5]\d\d)(?: [^\r\n]*)?$/;
const headerPattern = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*$/;
const decimal = /^\d{1,6}$/;
const chunkSize = /^([0-9a-fA-F]{1,5})(?:;[^\r\n]*)?$/;

/**
 * Reads responses of one connection, however their bytes are split into chunks. Strict: it accepts only one complete
 * response with a marked end, so that no response is ever taken for that of another request. `Connection: close` marks the
 * end of the connection as the end of the response.
 */
export class ResponseReader {
  #text = "";
  /** The part received so far of a response that ends with its connection. */
  #untilEnd: HttpResponse | undefined;

  /**
   * @returns the response, once it is complete
   * @throws MalformedResponse
   */
  read(chunk: Buffer): HttpResponse | undefined {
    // In latin1 a character is a byte, so lengths are right.
    this.#text += chunk.toString("latin1");
    for (;;) {
      const headEnd = this.#text.indexOf("\r\n\r\n");
      if (headEnd > maxHeadBytes || (headEnd < 0 && this.#text.length > maxHeadBytes))
        throw malformed("head is too long");
      if (headEnd < 0) return undefined;
      const head = readHead(this.#text.slice(0, headEnd));
      if (head.status >= 200) return this.#finish(head, headEnd + 4);
      // An interim response (1xx): the final one follows. No request asks for another protocol.
      if (head.status === 101) throw malformed("protocol was switched");
      this.#text = this.#text.slice(headEnd + 4);
    }
  }

  /**
   * The server has ended the connection in order.
   *
   * @returns the response that ends with it, if any
   */
  end(): HttpResponse | undefined {
    const response = this.#untilEnd;
    this.#untilEnd = undefined;
    return response;
  }

  #finish({ status, length, keepAlive }: Head, bodyAt: number): HttpResponse | undefined {
    if (length === "untilEnd") {
      const body = this.#text.slice(bodyAt);
      if (body.length > maxBodyBytes) throw malformed("body is too long");
      this.#untilEnd = { status, body, keepAlive };
      return undefined;
    }
    const body = length === "chunked" ? readChunks(this.#text, bodyAt) : readBody(this.#text, bodyAt, length);
    if (!body) return undefined;
    if (body.end !== this.#text.length) throw malformed("response has more bytes than it says");
    this.#text = "";
    return { status, body: body.text, keepAlive };
  }
}

interface Head {
  status: number;
  length: number | "chunked" | "untilEnd";
  keepAlive: boolean;
}

function readHead(text: string): Head {
  const [first = "", ...headers] = text.split("\r\n");
  const status = Number(statusPattern.exec(first)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw malformed("first line is no status");
  let length: Head["length"] | undefined;
  let keepAlive = true;
  for (const header of headers) {
    const [, name = "", value = ""] = headerPattern.exec(header) ?? [];
    switch (name.toLowerCase()) {
      case "":
        throw malformed("head has a line that is no header");
      case "content-length":
        if (length !== undefined || !decimal.test(value)) throw malformed("length is not one number");
        length = Number(value);
        break;
      case "transfer-encoding":
        if (length !== undefined || value.toLowerCase() !== "chunked") throw malformed("encoding is not chunked alone");
        length = "chunked";
        break;
      case "connection":
        keepAlive &&= !/(?:^|,)\s*close\s*(?:,|$)/i.test(value);
    }
  }
  if (status < 200 || status === 204 || status === 304) length = 0;
  // A response that is cut off ends with its connection too, so that end counts only if the server announced it.
  if (length === undefined && !keepAlive) length = "untilEnd";
  if (length === undefined) throw malformed("end of the response is not marked");
  if (typeof length === "number" && length > maxBodyBytes) throw malformed("body is too long");
  return { status, length, keepAlive };
}

interface Body {
  text: string;
  /** Index after its last character. */
  end: number;
}

function readBody(text: string, at: number, length: number): Body | undefined {
  const end = at + length;
  return text.length < end ? undefined : { text: text.slice(at, end), end };
}

function readChunks(text: string, at: number): Body | undefined {
  let body = "";
  for (let next = at; ; ) {
    const sizeEnd = text.indexOf("\r\n", next);
    if (sizeEnd < 0 && text.length - next > 1024) throw malformed("chunk has no size");
    if (sizeEnd < 0) return undefined;
    const size = Number.parseInt(chunkSize.exec(text.slice(next, sizeEnd))?.[1] ?? "", 16);
    if (Number.isNaN(size)) throw malformed("chunk has no size");
    const end = sizeEnd + 2 + size;
    if (body.length + size > maxBodyBytes) throw malformed("body is too long");
    if (text.length < end + 2) return undefined;
    // Trailers would be here too. No request asks for them.
    if (!text.startsWith("\r\n", end)) throw malformed("chunk is longer than it says");
    if (size === 0) return { text: body, end: end + 2 };
    body += text.slice(sizeEnd + 2, end);
    next = end + 2;
  }
}

const malformed = (what: string) => new MalformedResponse(`the ${what}`);
