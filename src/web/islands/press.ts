/**
 * Presses the button of a form that only carries an answer on to an app. A script of its own, on that page alone, with the
 * island that sends forms once: a code that reaches the app twice is redeemed twice, and that ends what it gave (RFC 6749
 * §4.1.2).
 */
document.querySelector<HTMLButtonElement>('form[data-press] button')?.click();

export {};
