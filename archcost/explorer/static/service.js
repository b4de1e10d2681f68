// Requests to the service: the latest of a kind wins, and a full bucket is waited for.

const running = new Map();

async function answer(path, body, signal) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, signal };
  const response = await fetch(path, { ...options, body: JSON.stringify(body) });
  if (response.status === 429) {
    const seconds = Number(response.headers.get("Retry-After") ?? 1);
    await new Promise((done) => setTimeout(done, seconds * 1000));
    return signal.aborted ? null : answer(path, body, signal);
  }
  const found = await response.json();
  if (response.ok) return found;
  const problems = Array.isArray(found.detail) ? found.detail : [{ loc: [], msg: found.detail }];
  throw new Error(problems.map((one) => `${one.loc.slice(1).join(" ")} ${one.msg}`).join("; "));
}

/** The answer; null if a later request of the same kind overtook it. */
export async function ask(kind, path, body) {
  running.get(kind)?.abort();
  const controller = new AbortController();
  running.set(kind, controller);
  try {
    const found = await answer(path, body, controller.signal);
    return controller.signal.aborted ? null : found;
  } catch (error) {
    if (controller.signal.aborted) return null;
    if (error instanceof TypeError) throw new Error("the service does not answer; is it still running?");
    throw error;
  }
}
