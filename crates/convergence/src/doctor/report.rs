//! What was found: lines, in the order of the checks.

use std::fmt;

/// One thing that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Settings,
    File,
    Credentials,
    Network,
    Clock,
    Token,
    Api,
    Scopes,
    Spreadsheet,
    Tab,
    TimeZone,
    Columns,
    Rows,
    WriteAccess,
    UsageTab,
    Quota,
    Revocation,
    DataFolder,
    Certificate,
    Port,
    Upstream,
    Redis,
    Providers,
    Alerts,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Check::Settings => "settings",
            Check::File => "keys file",
            Check::Credentials => "credentials",
            Check::Network => "network",
            Check::Clock => "clock",
            Check::Token => "token",
            Check::Api => "api",
            Check::Scopes => "scopes",
            Check::Spreadsheet => "spreadsheet",
            Check::Tab => "tab",
            Check::TimeZone => "time zone",
            Check::Columns => "columns",
            Check::Rows => "rows",
            Check::WriteAccess => "write access",
            Check::UsageTab => "usage tab",
            Check::Quota => "quota",
            Check::Revocation => "revocation",
            Check::DataFolder => "data folder",
            Check::Certificate => "certificate",
            Check::Port => "port",
            Check::Upstream => "upstream",
            Check::Redis => "redis",
            Check::Providers => "providers",
            Check::Alerts => "alerts",
        })
    }
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// Works, and deserves a look.
    Note,
    Fail,
    /// Could not be looked at.
    Skipped,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Ok => "ok",
            Verdict::Note => "note",
            Verdict::Fail => "FAIL",
            Verdict::Skipped => "skipped",
        })
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) check: Check,
    pub(crate) verdict: Verdict,
    /// What was found and, where something should be done, what.
    pub(crate) message: String,
}

/// A check without which the later ones cannot be made.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) check: Check,
    pub(crate) message: String,
}

/// All findings.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    /// The check that keeps others from being made.
    stopped_at: Option<Check>,
}

impl Report {
    /// The findings, in order once [`Report::finish`] was called.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether anything must be repaired.
    pub(crate) fn has_failed(&self) -> bool {
        self.lines.iter().any(|line| line.verdict == Verdict::Fail)
    }

    /// Whether there is a finding of this check.
    pub(super) fn has(&self, check: Check) -> bool {
        self.lines.iter().any(|line| line.check == check)
    }

    pub(super) fn ok(&mut self, check: Check, message: String) {
        self.lines.push(Line { check, verdict: Verdict::Ok, message });
    }

    pub(super) fn note(&mut self, check: Check, message: String) {
        self.lines.push(Line { check, verdict: Verdict::Note, message });
    }

    /// What passed earlier in the same check has not passed after all.
    pub(super) fn fail(&mut self, check: Check, message: String) {
        self.lines.retain(|line| line.check != check || line.verdict != Verdict::Ok);
        self.lines.push(Line { check, verdict: Verdict::Fail, message });
    }

    /// A failure that keeps the checks which were not made yet from being made.
    pub(super) fn stop(&mut self, check: Check, message: String) {
        self.fail(check, message);
        self.stopped_at.get_or_insert(check);
    }

    /// Puts the lines in order and says which checks were not made.
    pub(super) fn finish(&mut self, order: &[Check]) {
        for &check in order {
            if self.has(check) {
                continue;
            }
            let message = match self.stopped_at {
                Some(failed) => format!("not checked, since {failed} failed"),
                None => "not checked".to_owned(),
            };
            self.lines.push(Line { check, verdict: Verdict::Skipped, message });
        }
        self.lines.sort_by_key(|line| order.iter().position(|check| *check == line.check));
    }
}
