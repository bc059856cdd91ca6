export type TextMessage = {
  /** E.164, such as `+4917612345678`. */
  to: string;
  text: string;
};

/** Outgoing text messages. `send` resolves when the next hop has accepted the message, and rejects otherwise. */
export type Sms = {
  send(message: TextMessage): Promise<void>;
  close(): Promise<void>;
};
