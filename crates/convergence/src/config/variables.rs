//! Every setting, in one table: what the flags, `--help` and the documentation's test are made from.

/// A setting: an environment variable, a line of `.env`, and a flag (the name in kebab case).
pub struct Variable {
    /// The environment variable's name.
    pub name: &'static str,
    /// What `--help` calls the value.
    pub value: &'static str,
    /// One sentence for `--help`, the default included.
    pub help: &'static str,
}

const fn variable(name: &'static str, value: &'static str, help: &'static str) -> Variable {
    Variable { name, value, help }
}

/// All of them, in the order in which `--help` shows them.
pub const VARIABLES: &[Variable] = &[
    variable("AUTH_ENABLED", "BOOL", "Whether requests need an API key (default false)"),
    variable("GOOGLE_CREDENTIALS_PATH", "FILE", "The service account's JSON key file"),
    variable(
        "GOOGLE_CREDENTIALS",
        "adc",
        "adc: find Google's application-default credentials, instead of a key file",
    ),
    variable("GOOGLE_SHEET_ID", "ID", "The spreadsheet, by the long word in its address"),
    variable("GOOGLE_SHEET_NAME", "TAB", "The tab that holds the keys (default API_Keys)"),
    variable("GOOGLE_SHEETS_ENDPOINT", "URL", "Another base URL of the Sheets API, without /v4"),
    variable("KEYS_FILE", "FILE", "A CSV file of keys, instead of a Google Sheet"),
    variable("KEYS_TIME_ZONE", "ZONE", "The time zone of the times in KEYS_FILE (default UTC)"),
    variable(
        "API_KEY_CACHE_DURATION",
        "SECONDS",
        "How long the keys are used before they are read again (default 300)",
    ),
    variable(
        "API_KEY_MAX_STALE",
        "SECONDS",
        "How long old keys may decide while they cannot be read (default 86400)",
    ),
    variable(
        "AUTH_FALLBACK",
        "open|closed",
        "Where no keys are configured: start without authentication, or not at all (default open)",
    ),
    variable(
        "DEFAULT_RATE_LIMIT",
        "N",
        "Requests per minute for rows without a rate_limit (default: no limit)",
    ),
    variable(
        "GUARD_LOST_PERCENT",
        "PERCENT",
        "Hold a refresh that loses more of the working keys at once; 100 holds none (default 50)",
    ),
    variable("GUARD_LOST_KEYS", "N", "Never hold a refresh that loses fewer keys than this (default 10)"),
    variable("ENVIRONMENT", "NAME", "Where this server stands, for keys that are for some environments only"),
    variable(
        "TRUSTED_PROXIES",
        "ADDRESSES",
        "Whose X-Forwarded-For and Forwarded are taken, as addresses and ranges (default: nobody's)",
    ),
    variable(
        "AUTH_FAILURE_LIMIT",
        "N",
        "Attempts with no known key that an address has in a minute; more get 429; 0 counts none (default 30)",
    ),
    variable(
        "ROUTES_FILE",
        "FILE",
        "A TOML file of routes by path prefix: scopes, time-outs, body limits, upstreams",
    ),
    variable(
        "CORS_ALLOWED_ORIGINS",
        "ORIGINS",
        "Whose web pages may call from a browser: origins with commas between, or * (default: nobody's)",
    ),
    variable("API_HOST", "ADDRESS", "The address to listen on (default 127.0.0.1)"),
    variable("API_PORT", "PORT", "The port to listen on (default 8000)"),
    variable("API_THREADS", "N", "Threads that serve requests (default: one for each core)"),
    variable("MAX_CONNECTIONS", "N", "Connections open at a time; more get 503 (default 10000)"),
    variable(
        "MAX_HEADER_BYTES",
        "BYTES",
        "A request's line and headers; longer ones get 431 (default 16384)",
    ),
    variable("MAX_BODY_BYTES", "BYTES", "A request's body; longer ones get 413 (default 1048576)"),
    variable(
        "HEADER_TIMEOUT",
        "SECONDS",
        "From a request's first byte to the end of its headers (default 10)",
    ),
    variable("BODY_TIMEOUT", "SECONDS", "For a request's whole body to arrive (default 30)"),
    variable(
        "IDLE_TIMEOUT",
        "SECONDS",
        "How long a connection may stand without a byte either way (default 75)",
    ),
    variable("DRAIN_TIMEOUT", "SECONDS", "How long requests may take to end after SIGTERM (default 30)"),
    variable(
        "DRAIN_IDLE_TIMEOUT",
        "SECONDS",
        "How long an idle connection may bring a last request after SIGTERM (default 1)",
    ),
    variable(
        "EXT_AUTHZ_PORT",
        "PORT",
        "The port where Envoy asks over gRPC (ext_authz); without it there is none",
    ),
    variable("EXT_AUTHZ_HOST", "ADDRESS", "The address of that port (default: API_HOST)"),
    variable(
        "TLS_CERT_PATH",
        "FILE",
        "The server's certificate and the intermediate ones, in PEM: turns TLS on",
    ),
    variable("TLS_KEY_PATH", "FILE", "The certificate's private key, in PEM without a passphrase"),
    variable(
        "ACME_DOMAINS",
        "NAMES",
        "Names, with commas between, for which a certificate is fetched (ACME): turns TLS on",
    ),
    variable("ACME_CONTACT", "EMAIL", "Whom the certificate authority may write to"),
    variable("ACME_DIRECTORY_URL", "URL", "The ACME server's directory (default Let's Encrypt)"),
    variable(
        "ACME_CA_PATH",
        "FILE",
        "Who has signed the ACME server's own certificate, where the system does not know it",
    ),
    variable(
        "TLS_CLIENT_CA_PATH",
        "FILE",
        "Who signs clients' certificates, in PEM: clients are asked for one",
    ),
    variable(
        "TLS_CLIENT_AUTH",
        "optional|required",
        "Whether a client without a certificate is let in where TLS_CLIENT_CA_PATH is set (default required)",
    ),
    variable("TLS_REDIRECT_PORT", "PORT", "Another port, without TLS, which sends clients to https"),
    variable(
        "TLS_PUBLIC_PORT",
        "PORT",
        "The port of https that clients are sent to (default: API_PORT itself)",
    ),
    variable("ADMIN_HOST", "ADDRESS", "The address of the admin listener (default 127.0.0.1)"),
    variable("ADMIN_PORT", "PORT", "The port of the admin listener (default 8001)"),
    variable(
        "ADMIN_TOKEN",
        "TOKEN",
        "What the admin listener asks for as Authorization: Bearer; off loopback there must be one",
    ),
    variable(
        "SHEET_WEBHOOK_SECRET",
        "SECRET",
        "Signs POST /hooks/sheet-changed, which is there only if this is set; at least 16 bytes",
    ),
    variable(
        "ALERT_WEBHOOK_URL",
        "URL",
        "Who is told of keys that expire, quotas, errors, and a sheet that cannot be read (default: nobody)",
    ),
    variable("ALERT_WEBHOOK_FORMAT", "slack|json", "What messages are written in (default slack)"),
    variable("ALERT_EXPIRY_DAYS", "DAYS", "So many days before a key expires; 0 is never (default 14,3,1)"),
    variable("ALERT_QUOTA_PERCENT", "PERCENT", "From this share of a quota on; 0 is never (default 80)"),
    variable(
        "ALERT_ERRORS",
        "N",
        "From so many errors of a client in five minutes on, where they have jumped; 0 is never (default 20)",
    ),
    variable(
        "ALERT_UNUSED_DAYS",
        "DAYS",
        "After so many days without a use of a key; 0 is never (default 90)",
    ),
    variable(
        "UPSTREAM_URL",
        "URL",
        "The API that is guarded: every path that is not ours goes there; several with commas between",
    ),
    variable(
        "UPSTREAM_AUTHORIZATION",
        "VALUE",
        "What the upstream gets as Authorization, in place of the client's key",
    ),
    variable(
        "UPSTREAM_HOST",
        "upstream|client",
        "Whose Host header the upstream gets: its own, or the one that the client has sent (default upstream)",
    ),
    variable("UPSTREAM_CONNECT_TIMEOUT", "SECONDS", "For a connection to an upstream (default 5)"),
    variable(
        "UPSTREAM_TIMEOUT",
        "SECONDS",
        "For an upstream to begin its answer, and between two pieces of it (default 60)",
    ),
    variable(
        "UPSTREAM_CA_PATH",
        "FILE",
        "The authorities whose certificates upstreams may have, in PEM (default: the system's)",
    ),
    variable(
        "UPSTREAM_CLIENT_CERT_PATH",
        "FILE",
        "The certificate by which this server proves to upstreams who it is, in PEM",
    ),
    variable("UPSTREAM_CLIENT_KEY_PATH", "FILE", "The private key of that certificate, in PEM"),
    variable(
        "UPSTREAM_HEALTH_PATH",
        "PATH",
        "What upstreams are asked to see if they are well (default: nothing)",
    ),
    variable(
        "UPSTREAM_HEALTH_INTERVAL",
        "SECONDS",
        "Between two such questions, and for an answer to one (default 5)",
    ),
    variable(
        "REDIS_URL",
        "URL",
        "Redis or Valkey, for limits that several servers share: redis://HOST, rediss:// for TLS, a cluster's nodes with commas between",
    ),
    variable("REDIS_PASSWORD", "PASSWORD", "Its password, where that is not in the URL"),
    variable(
        "REDIS_PREFIX",
        "PREFIX",
        "What every key there begins with: one for each installation that uses it (default convergence)",
    ),
    variable(
        "REDIS_TIMEOUT_MS",
        "MILLISECONDS",
        "How long a request waits for Redis before REDIS_FALLBACK decides (default 50)",
    ),
    variable(
        "REDIS_FALLBACK",
        "share|closed|local",
        "Without Redis: keep to the limit divided by the number of servers, answer 503, or keep to the whole limit (default share)",
    ),
    variable(
        "REDIS_CA_PATH",
        "FILE",
        "The authorities whose certificates it may have, in PEM (default: the system's)",
    ),
    variable(
        "REDIS_CLIENT_CERT_PATH",
        "FILE",
        "The certificate by which this server proves to it who it is, in PEM",
    ),
    variable("REDIS_CLIENT_KEY_PATH", "FILE", "The private key of that certificate, in PEM"),
    variable(
        "AUDIO_WORKERS",
        "N",
        "Conversations made, and lines spoken, at a time (default: one for each core)",
    ),
    variable(
        "OPENAI_SPEECH",
        "true|false",
        "Whether /v1/audio/speech and /v1/models are answered here (default: where no upstream has these paths)",
    ),
    variable(
        "LEXICON_FILE",
        "FILE",
        "How words are said, one a line: word = respelling, or word = /phonemes/",
    ),
    variable("AUDIO_QUEUE", "N", "Conversations of a client that may wait; more get 429 (default 16)"),
    variable(
        "VOICES_DIR",
        "FOLDER",
        "Where the neural voice is, which scripts/fetch-voices.sh fetches (default ./voices)",
    ),
    variable("AUDIO_RETENTION", "SECONDS", "How long a recording can be downloaded (default 86400)"),
    variable(
        "AUDIO_DISK_MB",
        "MB",
        "Recordings beyond this are deleted earlier, the oldest first (default 10000)",
    ),
    variable(
        "LLM_BASE_URL",
        "URL",
        "An OpenAI-compatible chat server that writes conversations, such as http://127.0.0.1:11434/v1",
    ),
    variable("LLM_MODEL", "NAME", "The model that it is asked for"),
    variable("LLM_API_KEY", "KEY", "What it gets as Authorization: Bearer, where it wants that"),
    variable("LLM_TIMEOUT", "SECONDS", "For one of its answers (default 120)"),
    variable("LLM_MAX_TOKENS", "N", "Tokens that one of its answers may have (default 4000)"),
    variable("LLM_TOKENS_DAY", "N", "Tokens that may be spent on a day; 0 is no limit (default 0)"),
    variable(
        "TTS_BASE_URL",
        "URL",
        "A server that speaks by OpenAI's /audio/speech, in place of the built-in voices",
    ),
    variable("TTS_MODEL", "NAME", "The model that it is asked for"),
    variable("TTS_API_KEY", "KEY", "What it gets as Authorization: Bearer, where it wants that"),
    variable("TTS_VOICE_FEMALE", "NAME", "Its voice for a woman"),
    variable("TTS_VOICE_MALE", "NAME", "Its voice for a man"),
    variable("TTS_TIMEOUT", "SECONDS", "For the sound of one line (default 60)"),
    variable(
        "TTS_CHARACTERS_DAY",
        "N",
        "Characters that may be spoken by it on a day; 0 is no limit (default 0)",
    ),
    variable(
        "TTS_INSTRUCTIONS",
        "BOOL",
        "Whether it is told the mood, as OpenAI's `instructions` (default true)",
    ),
    variable(
        "OUTLINE_HOSTS",
        "HOSTS",
        "Private hosts that an outline_url may lead to, with commas between; a port limits each to that (default: none)",
    ),
    variable("GOOGLE_USAGE_SHEET_NAME", "TAB", "The tab that usage is written to (default Usage)"),
    variable(
        "USAGE_FLUSH_INTERVAL",
        "SECONDS",
        "Between two writes of usage; 0 keeps it out of the spreadsheet (default 60)",
    ),
    variable("INSTANCE", "NAME", "This server's name in the usage tab (default: the host name)"),
    variable("DATA_DIR", "FOLDER", "Where state is kept on disk (default ./data)"),
    variable("LOG_LEVEL", "LEVEL", "error, warn, info, debug or trace (default info)"),
    variable("LOG_FORMAT", "text|json", "How log lines are written (default text)"),
];

/// Variables of Google's libraries and of the system that say where application-default credentials are. They are read
/// where Google's libraries would read them, and have no flag.
pub const GOOGLES_OWN: &[&str] =
    &["GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "GCE_METADATA_HOST", "HOME"];
