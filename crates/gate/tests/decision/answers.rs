//! P15, P20 and P22: which cause a request is refused for, and what the refusal knows.

use gate::{Cause, Gate, HeaderProblem, KeyHash, Now, Record};

use crate::support::{ANYTHING, START, ask, at_millis, cause, gate_of, limited, row};

#[test]
fn p22_a_gate_is_shut_until_its_first_directory() {
    let gate = Gate::shut();
    assert_eq!(cause(&gate, "k", at_millis(0)), Cause::Unavailable);
    assert!(!gate.decides(at_millis(0)));
    assert_eq!(
        gate.admit([], &ANYTHING, at_millis(0)).unwrap_err().cause(),
        Cause::Unavailable,
        "with or without a key"
    );
    gate.replace(vec![row("k", "acme")], i64::MAX);
    assert!(ask(&gate, "k", at_millis(0)).is_ok());
}

#[test]
fn p20_a_directory_decides_through_its_last_usable_second() {
    let gate = Gate::shut();
    let second = |unix| Now { unix, ..at_millis(0) };
    gate.replace(vec![row("k", "acme")], START);
    assert!(ask(&gate, "k", second(START)).is_ok() && gate.decides(second(START)));
    assert_eq!(cause(&gate, "k", second(START + 1)), Cause::Unavailable);
    assert!(!gate.decides(second(START + 1)));
    gate.replace(vec![row("k", "acme")], START + 1);
    assert!(ask(&gate, "k", second(START + 1)).is_ok());
    assert_eq!(cause(&gate, "unknown", second(START + 2)), Cause::Unavailable, "never a 401");
}

#[test]
fn p15_each_refusal_has_its_cause() {
    let gate = gate_of(vec![row("k", "acme")]);
    let of = |values: &[&str]| {
        let refusal =
            gate.admit(values.iter().map(|value| value.as_bytes()), &ANYTHING, at_millis(0)).unwrap_err();
        assert_eq!((refusal.client(), refusal.quotas()), (None, gate::Quotas::default()), "{values:?}");
        refusal.cause()
    };
    assert_eq!(of(&[]), Cause::Header(HeaderProblem::Missing));
    assert_eq!(of(&["Bearer k", "Bearer k"]), Cause::Header(HeaderProblem::Repeated));
    assert_eq!(of(&["Basic k"]), Cause::Header(HeaderProblem::WrongScheme));
    assert_eq!(of(&["k"]), Cause::Header(HeaderProblem::WrongScheme));
    assert_eq!(of(&["Bearer "]), Cause::Header(HeaderProblem::NoKey));
    assert_eq!(of(&["Bearer k k"]), Cause::Header(HeaderProblem::NotText));
    assert_eq!(of(&["Bearer K"]), Cause::UnknownKey);
}

#[test]
fn p07_every_scheme_opens_the_same_door() {
    let gate = gate_of(vec![row("k", "acme")]);
    for value in ["Bearer k", "bearer k", "ApiKey k", "APIKEY   k"] {
        assert!(gate.admit([value.as_bytes()], &ANYTHING, at_millis(0)).is_ok(), "{value:?}");
    }
}

#[test]
fn p08_the_hash_of_a_key_is_no_key() {
    let hash = KeyHash::of(b"k").to_hex();
    let gate = gate_of(vec![Record { key: KeyHash::from_hex(&hash).unwrap(), ..row("", "acme") }]);
    assert!(ask(&gate, "k", at_millis(0)).is_ok());
    assert_eq!(cause(&gate, &format!("sha256:{hash}"), at_millis(0)), Cause::UnknownKey);
    assert_eq!(cause(&gate, &hash, at_millis(0)), Cause::UnknownKey);
}

#[test]
fn p16_a_known_key_names_its_client_in_every_answer() {
    let expired = Record { expires_at: Some(0), ..limited("old", "Größe & Co", 7) };
    let gate = gate_of(vec![expired, limited("k", "acme", 1)]);
    assert_eq!(ask(&gate, "k", at_millis(0)).unwrap().client(), "acme");
    assert_eq!(ask(&gate, "k", at_millis(0)).unwrap_err().client(), Some("acme"));
    assert_eq!(ask(&gate, "old", at_millis(0)).unwrap_err().client(), Some("Größe & Co"));
    assert_eq!(ask(&gate, "who", at_millis(0)).unwrap_err().client(), None);
}

#[test]
fn p24_a_fingerprint_is_the_first_12_digits_of_the_hash() {
    let gate = gate_of(vec![limited("k", "acme", 1)]);
    // printf k | sha256sum
    let expected = "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a";
    assert_eq!(KeyHash::of(b"k").to_hex(), expected);
    assert_eq!(KeyHash::from_hex(&expected.to_uppercase()), Some(KeyHash::of(b"k")));
    let permit = ask(&gate, "k", at_millis(0)).unwrap();
    let refusal = ask(&gate, "k", at_millis(0)).unwrap_err();
    assert_eq!(permit.key().to_string(), expected[..12]);
    assert_eq!(refusal.key().unwrap().to_string(), expected[..12]);
    assert_eq!(
        ask(&gate, "unknown", at_millis(0)).unwrap_err().key(),
        Some(KeyHash::of(b"unknown").fingerprint())
    );
}

#[test]
fn p24_causes_read_as_sentences_for_the_log() {
    let shown = [
        Cause::Unavailable,
        Cause::UnknownKey,
        Cause::Revoked { since: 0 },
        Cause::Expired { last_valid: i64::MAX },
        Cause::OverLimit { retry_after: 7 },
    ]
    .map(|cause| cause.to_string());
    let expected = [
        "no keys to decide by",
        "unknown key",
        "revoked since 1970-01-01T00:00:00Z",
        "expired after 9223372036854775807",
        "over the limit for 7 s",
    ];
    assert_eq!(shown, expected);
}
