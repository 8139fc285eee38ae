// Passkeys (W3C Web Authentication): asks the browser for one, in the JSON that the server writes and reads.

/** Browsers have passkeys for names such as localhost, and none for an address in numbers. */
export const canUsePasskeys = () => !/^[\d.]+$|:/.test(location.hostname) && typeof PublicKeyCredential === "function" && typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";

/** What the browser made or signed, as JSON. Throws an Error with a sentence for whoever pressed the button. */
async function prompted(work) {
  try {
    return (await work()).toJSON();
  } catch (error) {
    if (error.name === "InvalidStateError") throw new Error("This device has a passkey for this account already.");
    throw new Error("No passkey was given. Try again, or use the passphrase.");
  }
}

export const makePasskey = (options) => prompted(() => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }));

export const usePasskey = (options) => prompted(() => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }));
