// Finding elements and writing to them.

export const $ = id => document.getElementById(id);

/** Writes a text only when it changed: a live region speaks at each write, and a selection survives. */
export const setText = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text;
};

/** Enables or disables a button. */
export const enable = (id, on) => {
  $(id).disabled = !on;
};
