/** A browser that was started under a locale of POSIX names a language that its own number formats refuse, and the
 * chart library with them. */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}
export {};
