(() => {
  "use strict";
  const form = document.getElementById("sign-form");
  const button = form.querySelector("button[type=submit]");
  const problem = document.getElementById("problem");
  const typed = [...form.querySelectorAll("input[data-expected]")];
  const isReady = () => form.checkValidity() && typed.every((i) => i.value.trim() === i.dataset.expected.trim());
  const look = () => { button.disabled = !isReady(); };
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const say = (words) => { problem.textContent = words; problem.hidden = !words; };

  const asked = async () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("credential");
    const answer = await fetch(form.dataset.challenge, { method: "POST", body: fields, redirect: "error" });
    const value = await answer.json();
    if (!answer.ok) throw new Error(value.message);
    return value;
  };

  const get = async (options) => {
    const made = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge),
      allowCredentials: options.allowCredentials.map((c) => ({ ...c, id: bytes(c.id) })) } });
    return { authenticator_data: text(made.response.authenticatorData), client_data_json: text(made.response.clientDataJSON),
      credential_id: text(made.rawId), signature: text(made.response.signature) };
  };

  const create = async (options) => {
    const made = await navigator.credentials.create({ publicKey: { ...options, challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) } } });
    return { attestation_object: text(made.response.attestationObject), client_data_json: text(made.response.clientDataJSON),
      credential_id: text(made.rawId) };
  };

  form.addEventListener("input", look);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!isReady()) return;
    button.disabled = true;
    say("");
    try {
      if (!window.PublicKeyCredential) throw new Error("This browser has no passkeys here.");
      const options = await asked();
      const answer = form.dataset.kind === "get" ? await get(options) : await create(options);
      form.elements.namedItem("credential").value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      say(error.name === "NotAllowedError" ? "The passkey was not used. Nothing was signed." : String(error.message));
      look();
    }
  });
  look();
})();
