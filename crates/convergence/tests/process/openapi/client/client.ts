// Calls the API as a program would whose types are made of the document, and prints what came of it. It compiles only if the
// document says what these lines take for granted.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const [url, key] = process.argv.slice(2) as [string, string];
const as = (key: string) => createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });
const client = as(key);

/** What is there, or an end to all of it. */
function there<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`no ${what}`);
  return value;
}

const health = there((await client.GET("/health")).data, "health");
const status: "ok" | string = health.status;

const verified = await client.GET("/auth/verify");
const me = there((await client.GET("/auth/me")).data, "answer about myself");
const limits: number[] = me.limits.map((limit) => limit.requests);

// A recording, awaited.
const prompt = "Two developers discussing API security";
const made = there(
  (await client.POST("/convergence/generate-audio", { body: { prompt, duration: 1 } })).data,
  "recording",
) as components["schemas"]["Recording"];
const lines: number = made.transcript.length;
const file = made.audio_url.split("/").pop() as string;
const sound = await client.GET("/convergence/download/{file}", {
  params: { path: { file } },
  parseAs: "arrayBuffer",
});
const bytes: number = there(sound.data as ArrayBuffer | undefined, "sound").byteLength;

// A recording, asked after.
const begun = await client.POST("/convergence/generate-audio", {
  params: { header: { Prefer: "respond-async" } },
  body: { transcript: [{ name: "Ann", gender: "female", message: "Hello." }], format: "opus" },
});
let job = there(begun.data, "job") as components["schemas"]["Job"];
const path = { id: job.id };
while (job.status !== "done" && job.status !== "failed") {
  await new Promise((resolve) => setTimeout(resolve, 20));
  job = there((await client.GET("/convergence/jobs/{id}", { params: { path } })).data, "job");
}
const format: "wav" | "opus" | "mp3" | "vtt" | "srt" | undefined = job.result?.format;
const events = await client.GET("/convergence/jobs/{id}/events", { params: { path }, parseAs: "text" });
const last: string = there(events.data, "events");
const removed = (await client.DELETE("/convergence/jobs/{id}", { params: { path } })).response.status;
const gone = await client.GET("/convergence/jobs/{id}", { params: { path } });
const code: "not_found" | undefined = gone.error && "code" in gone.error && gone.response.status === 404
  ? (gone.error.code as "not_found")
  : undefined;

// What is refused, by its own types.
const wrong = await client.POST("/convergence/generate-audio", { body: { prompt, duration: 61 } });
const members = wrong.error && "errors" in wrong.error ? wrong.error.errors?.map((error) => error.member) : [];
const unknown = await as("sk-convergence-nobody").GET("/auth/me");
const refused: string | undefined = unknown.error?.code;

const said = await client.POST("/v1/audio/speech", {
  body: { model: "tts-1", input: "Good morning.", voice: "alloy", response_format: "wav" },
  parseAs: "arrayBuffer",
});
const unsaid = await client.POST("/v1/audio/speech", { body: { model: "nobody", input: "Hi.", voice: "alloy" } });
const param = unsaid.error && "error" in unsaid.error ? unsaid.error.error.param : undefined;

// What the document forbids, the compiler does.
// @ts-expect-error a number of minutes is no text
void (() => client.POST("/convergence/generate-audio", { body: { prompt, duration: "ten" } }));
// @ts-expect-error there is no such path
void (() => client.GET("/auth/nothing"));
// @ts-expect-error a status is one of six words
void (job.status === "asleep");
// @ts-expect-error there is no such gender
void (() => client.POST("/convergence/generate-audio", { body: { transcript: [{ name: "A", gender: "x", message: "B" }] } }));

console.log(JSON.stringify({
  status,
  client: verified.response.headers.get("X-Client-Name"),
  me: [me.client_name, limits],
  lines: lines > 1,
  sound: bytes > 44,
  job: [begun.response.status, job.status, format, last.startsWith("event: done\n"), removed, code],
  wrong: [wrong.response.status, members],
  refused: [unknown.response.status, refused],
  said: there(said.data as ArrayBuffer | undefined, "sound").byteLength > 44,
  unsaid: [unsaid.response.status, param],
}));
