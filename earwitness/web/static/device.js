// What this browser remembers of the device that it runs on; nothing of it is sent but with `hello`.

const ONLY_ME_KEY = "earwitness.only_me";

/** Whether somebody said here that, hands-free, nobody but them speaks at this device. */
export const isOnlyMe = () => localStorage.getItem(ONLY_ME_KEY) === "1";

export const setOnlyMe = (isOn) => localStorage.setItem(ONLY_ME_KEY, isOn ? "1" : "0");
