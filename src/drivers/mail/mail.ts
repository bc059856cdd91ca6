export type Message = {
  /** One bare address. */
  to: string;
  subject: string;
  text: string;
  /** A whole HTML document without remote images. */
  html: string;
};

/** Outgoing mail. `send` resolves when the next hop has accepted the message, and rejects otherwise. */
export type Mail = {
  send(message: Message): Promise<void>;
  close(): Promise<void>;
};
