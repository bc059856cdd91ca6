/** Adds dashes after every four letters while they are typed at the end; anything else is left as typed. */
for (const input of document.querySelectorAll<HTMLInputElement>('[data-user-code]')) {
  input.addEventListener('input', (event) => {
    const { inputType } = event as InputEvent;
    const atEnd = input.selectionStart === input.value.length;
    if (!atEnd || (inputType !== undefined && !inputType.startsWith('insert'))) return;
    // A pasted address or a code in another alphabet is the server's to read.
    if ((event as InputEvent).isComposing || !/^[a-z-]+$/i.test(input.value)) return;
    const letters = input.value.replace(/-/g, '');
    const grouped = (letters.match(/.{1,4}/g) ?? []).join('-');
    if (letters.length > 4 && grouped !== input.value) input.value = grouped;
  });
}

export {};
