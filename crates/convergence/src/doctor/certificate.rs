//! The TLS files, as the server would load them.

use std::os::unix::fs::PermissionsExt;

use super::Report;
use super::report::Check;
use crate::config::Tls as Settings;
use crate::http::Tls;

/// A certificate that has less to live than this is worth a word: those who renew by themselves do it long before.
const SOON: i64 = 14 * 86_400;

/// Loads the files, and says for whom the certificate is and until when.
pub(super) fn examine(report: &mut Report, settings: &Settings, now: i64) {
    let leaf = match Tls::load(settings) {
        Ok((_, loaded)) => loaded.leaf,
        Err(fault) => return report.fail(Check::Certificate, fault.to_string()),
    };
    if settings.acme.is_some() && !settings.certificate.exists() {
        let what = "none has been fetched yet for ACME_DOMAINS; a running server does that, and its log says how it went";
        return report.note(Check::Certificate, what.to_owned());
    }
    let days = (leaf.until - now) / 86_400;
    if leaf.until < now {
        return report.fail(Check::Certificate, format!("it has expired: it is {leaf}; renew it"));
    }
    if leaf.from > now {
        let what = format!("it is not valid yet: it is {leaf}; check this machine's clock, or wait");
        return report.fail(Check::Certificate, what);
    }
    if leaf.names.is_empty() {
        let what = "it names no host, so clients refuse it; have one made with a subject alternative name";
        report.note(Check::Certificate, what.to_owned());
    }
    if leaf.until - now < SOON {
        report.note(Check::Certificate, format!("it expires in {days} days: it is {leaf}; renew it"));
    } else {
        report.ok(Check::Certificate, format!("it is {leaf}: {days} days more, and the key fits"));
    }
    let open = std::fs::metadata(&settings.key).is_ok_and(|file| file.permissions().mode() & 0o007 != 0);
    if open {
        let what = format!("everybody on this machine may read {}; chmod o= it", settings.key.display());
        report.note(Check::Certificate, what);
    }
}
