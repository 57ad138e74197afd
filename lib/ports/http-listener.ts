/** A request without its body. */
export interface HttpHead {
  readonly method: string
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** What follows the question mark, as it was sent. Left out: nothing. */
  readonly query?: string
}

/** What a request gets. */
export interface HttpAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON. */
  readonly text: string
}

/** Answers the requests of one path. */
export interface HttpHandler {
  /** Called before a body is read. Undefined: the body may come. */
  admit(head: HttpHead): HttpAnswer | undefined
  /** Called with the whole body. Rejects only if nobody can be served any more. */
  take(head: HttpHead, body: Uint8Array): Promise<HttpAnswer>
}

/** Where requests come in. */
export interface HttpAddress {
  readonly host: string
  readonly port: number
  /** From the slash on, as it is in requests, without a query. */
  readonly path: string
}

/** An open path. */
export interface HttpListening {
  /**
   * Takes no new requests, and resolves when those that have begun are answered. What is too slow
   * is cut off.
   */
  stop(): Promise<void>
}

/**
 * Listens for requests. Paths of one port share it. What an implementation promises: a body larger
 * than allowed is answered with 413 and never held as a whole; the bodies that are held at a time
 * are bounded, and what comes then is answered with 503; a client that sends too slowly is cut off.
 */
export interface HttpListener {
  /**
   * Opens a path.
   *
   * @throws MillraceError `ADDRESS_UNAVAILABLE` when another program has the port, or another
   * source of this run the path.
   */
  listen(address: HttpAddress, handler: HttpHandler): Promise<HttpListening>
}
