//! The totals of the kept days.

use jiff::civil::date;

use super::*;

fn row(day: Date, instance: &str) -> Row {
    Row { date: day, instance: instance.into(), client: "Acme".into() }
}

fn spoken(audio_ms: u64) -> Totals {
    Totals { audio_ms, ..Totals::default() }
}

#[test]
fn p23_totals_of_an_earlier_name_are_kept_beside_ones_own() {
    let day = date(2025, 12, 1);
    let rows = BTreeMap::from([(row(day, "old"), spoken(1_500))]);
    let mut ledger = Ledger::resumed("new", rows, ["old".to_owned()]);
    assert!(
        ledger.version() > 0 && !ledger.is_settled(),
        "what the new name has in the tab is yet to be seen"
    );
    ledger.add(BTreeMap::from([(row(day, "new"), spoken(500)), (row(day, "old"), spoken(1))]));
    assert_eq!(ledger.rows().values().map(|totals| totals.audio_ms).collect::<Vec<_>>(), [500, 1_501]);
    assert!(Ledger::resumed("old", BTreeMap::new(), ["old".to_owned()]).is_settled());
}

#[test]
fn p23_lost_totals_go_on_from_the_tab_once() {
    let today = date(2025, 12, 31);
    let nine = Totals { admitted: 9, last_used_at: 5, ..Totals::default() };
    let rows = [row(today, "me"), row(today, "other"), row(date(2025, 11, 20), "me")];
    let found: HashMap<_, _> = rows.into_iter().map(|row| (row, nine)).collect();
    let mut ledger = Ledger::new("me");
    ledger.add(BTreeMap::from([(row(today, "me"), spoken(250))]));
    let settled = ledger.to_settle(&found, today);
    assert_eq!(settled.len(), 1, "not another's, and not what is too old to keep");
    ledger.settle(settled);
    let expected = Totals { audio_ms: 250, ..nine };
    assert_eq!(ledger.rows(), &BTreeMap::from([(row(today, "me"), expected)]));
    assert!(ledger.is_settled());
}

#[test]
fn p23_days_are_kept_for_forty_days() {
    let mut ledger = Ledger::new("me");
    ledger.add(BTreeMap::from([(row(date(2025, 11, 1), "me"), spoken(1))]));
    let version = ledger.version();
    ledger.forget_before(date(2025, 12, 11));
    assert_eq!((ledger.rows().len(), ledger.version()), (1, version));
    ledger.forget_before(date(2025, 12, 12));
    assert_eq!((ledger.rows().len(), ledger.version()), (0, version + 1));
}
