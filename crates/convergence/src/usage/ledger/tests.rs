//! A ledger against the gate itself, and against a naive model that puts each request to its day.

use std::time::Duration;

use gate::{Asked, Gate, KeyHash, Now, Record, Scopes};
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::usage::file::{Contents, UsageFile};

const MIDNIGHT: i64 = 1_764_547_200; // 2025-12-01

fn gate() -> Gate {
    let record = |key: &str, client: &str, limit| Record {
        key: KeyHash::of(key.as_bytes()),
        client: client.into(),
        limit,
        further_limits: None,
        active: true,
        expires_at: None,
        revoked_at: None,
        restrictions: None,
        readable: true,
        row: 2,
    };
    let gate = Gate::shut();
    gate.replace(vec![record("a", "Acme", Some(3)), record("b", "=SUM(1)", None)], i64::MAX);
    gate
}

fn look(ledger: &mut Ledger, gate: &Gate) {
    gate.usage().iter().for_each(|usage| ledger.count(usage));
}

proptest! {
    #[test]
    fn p23_each_request_is_counted_on_its_day_however_rarely_one_looks(
        steps in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>(), 0_u64..40_000), 1..60),
    ) {
        let gate = gate();
        let mut ledger = Ledger::new("me");
        let mut truth: BTreeMap<Row, Totals> = BTreeMap::new();
        let (mut seconds, mut looked_on) = (0, None);
        for (first, fails, looks, wait) in steps {
            let (key, client) = if first { ("a", "Acme") } else { ("b", "=SUM(1)") };
            let unix = MIDNIGHT + i64::try_from(seconds).unwrap();
            let now = Now { unix, uptime: Duration::from_secs(3_600 + seconds) };
            let asked = Asked { address: None, method: "GET", scopes: Scopes::Needed(&[]), environment: "" };
            let admitted = gate.admit([format!("Bearer {key}").as_bytes()], &asked, now);
            let row = Row { date: day_of(unix), instance: "me".into(), client: client.into() };
            let totals = truth.entry(row).or_default();
            totals.last_used_at = unix;
            match admitted {
                Ok(permit) if fails => {
                    permit.record_failure();
                    totals.admitted += 1;
                    totals.failed += 1;
                }
                Ok(_) => totals.admitted += 1,
                Err(_) => totals.rate_limited += 1,
            }
            let next = seconds + wait;
            // One look a day is all that is asked for, at any time of it.
            let today = Some(seconds / 86_400);
            if looks || looked_on != today && Some(next / 86_400) != today {
                look(&mut ledger, &gate);
                looked_on = today;
            }
            seconds = next;
        }
        look(&mut ledger, &gate);
        look(&mut ledger, &gate);
        prop_assert_eq!(ledger.rows(), &truth);
    }
}

#[test]
fn p23_totals_survive_on_disk_with_those_of_an_earlier_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = UsageFile::new(&folder.path().join("data"));
    let mut first = file.load("old");
    assert_eq!((first.version(), first.is_settled()), (0, false));
    first.count_speech(date(2025, 12, 1), "Acme", 1_500);
    first.settle(&HashMap::new(), date(2025, 12, 1));
    file.save(&Contents::of(&first)).unwrap();

    let mut second = file.load("new");
    assert!(
        second.version() > 0 && !second.is_settled(),
        "what the new name has in the tab is yet to be seen"
    );
    assert_eq!(second.rows(), first.rows());
    second.count_speech(date(2025, 12, 1), "Acme", 500);
    file.save(&Contents::of(&second)).unwrap();
    let third = file.load("old");
    assert!(third.is_settled());
    assert_eq!(third.rows().values().map(|totals| totals.audio_ms).collect::<Vec<_>>(), [500, 1_500]);
}

#[test]
fn p23_a_damaged_file_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = UsageFile::new(folder.path());
    for damaged in ["{", r#"{"version":99,"settled":[],"rows":[]}"#] {
        std::fs::write(file.path(), damaged).unwrap();
        assert_eq!(file.load("me").version(), 0);
        let aside = std::fs::read_to_string(folder.path().join("usage.json.bad")).unwrap();
        assert_eq!((aside.as_str(), file.path().exists()), (damaged, false));
    }
}

#[test]
fn p23_lost_totals_go_on_from_the_tab_once() {
    let (today, row) = (date(2025, 12, 31), |day, instance: &str| Row {
        date: day,
        instance: instance.into(),
        client: "Acme".into(),
    });
    let nine = Totals { admitted: 9, last_used_at: 5, ..Totals::default() };
    let rows = [row(today, "me"), row(today, "other"), row(date(2025, 11, 20), "me")];
    let found: HashMap<_, _> = rows.into_iter().map(|row| (row, nine)).collect();
    let mut ledger = Ledger::new("me");
    ledger.count_speech(today, "Acme", 250);
    assert_eq!(ledger.settle(&found, today), 1, "not another's, and not what is too old to keep");
    let expected = Totals { audio_ms: 250, ..nine };
    assert_eq!(ledger.rows(), &BTreeMap::from([(row(today, "me"), expected)]));
    assert!(ledger.is_settled());
}

#[test]
fn p23_days_are_kept_for_forty_days() {
    let mut ledger = Ledger::new("me");
    ledger.count_speech(date(2025, 11, 1), "Acme", 1);
    let version = ledger.version();
    ledger.forget_before(date(2025, 12, 11));
    assert_eq!((ledger.rows().len(), ledger.version()), (1, version));
    ledger.forget_before(date(2025, 12, 12));
    assert_eq!((ledger.rows().len(), ledger.version()), (0, version + 1));
}
