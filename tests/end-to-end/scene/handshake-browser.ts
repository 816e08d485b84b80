/** A browser as far as TLS handshakes go: what a person sees and does in it, the same for each kind of browser. */

/** What a tab shows. */
export type Sight =
  /** The portal's page for a visitor whom it knows. */
  | { readonly page: 'holder'; readonly holder: string; readonly certificateId: string; readonly tlsVersion: string }
  /** The portal's page for a visitor who showed no certificate, or a wrong one. */
  | { readonly page: 'refusal'; readonly code: string }
  /** Our page in place of the browser's error. */
  | { readonly page: 'ended'; readonly error: string }
  /** The browser's own error. */
  | { readonly page: 'error'; readonly words: string }
  | { readonly page: 'other'; readonly address: string };

/** A tab in which an address was opened. */
export interface Visit {
  /** What it shows now. */
  sight(): Promise<Sight>;
  /** Opens the address again, without waiting for the page. */
  again(): Promise<void>;
  /** Presses what our page after a failed handshake offers. */
  tryAgain(): Promise<void>;
  photograph(name: string): Promise<void>;
  /** What a request of the page's own brings; null while it waits for longer than that. */
  fetch(path: string, milliseconds: number): Promise<string | null>;
}

/** Our window during a handshake. */
export interface PinQuestion {
  enterPin(pin: string): Promise<void>;
  /** Waits until the window says that the PIN was wrong. */
  rejected(): Promise<void>;
  /** Waits until the window says that the token is missing. */
  asksForToken(): Promise<void>;
  /** Waits until it asks for the PIN, again or for the first time. */
  asksForPin(): Promise<void>;
  cancel(): Promise<void>;
  closed(): Promise<void>;
  photograph(name: string): Promise<void>;
}

export interface HandshakeBrowser {
  /** Opens an address in a new tab, without waiting for the page. */
  visit(url: string): Promise<Visit>;
  /** Our window, as soon as it asks for the PIN. */
  question(): Promise<PinQuestion>;
  /** Our window, as soon as it asks for the token. */
  questionForToken(): Promise<PinQuestion>;
  /** Whether our window is there now. */
  asks(): Promise<boolean>;
  /** Ends the open login as the person does. */
  logOut(): Promise<void>;
  /** Photographs what the button in the browser's bar shows. */
  photographPopup(name: string): Promise<void>;
  /** Ends every login, forgets all sites, closes all tabs but an empty one, and every window of ours. */
  clear(): Promise<void>;
  photographAll(name: string): Promise<void>;
  close(): Promise<void>;
}
