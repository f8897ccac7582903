//! Where, how and for what a key may be used, against a naive model.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gate::{
    Asked, Cause, Cell, Gate, KeyHash, Network, NotANetwork, Record, Restrictions, Rules, Scopes, Table,
};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::support::{ANYTHING, admitted, at_millis, gate_of, limited, row};

fn boxed(list: &[&str]) -> Box<[Box<str>]> {
    list.iter().map(|word| Box::from(*word)).collect()
}

fn networks(list: &[&str]) -> Box<[Network]> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

fn decide(restrictions: &Restrictions, asked: &Asked<'_>) -> Result<(), Cause> {
    let record = Record { restrictions: restrictions.clone().shared(), ..row("k", "acme") };
    ask(&gate_of(vec![record]), asked)
}

fn ask(gate: &Gate, asked: &Asked<'_>) -> Result<(), Cause> {
    gate.admit([b"Bearer k".as_slice()], asked, at_millis(0)).map(drop).map_err(|refusal| refusal.cause())
}

#[test]
fn a_row_without_restrictions_is_good_for_everything() {
    let needed = ["a", "b"].map(Box::from);
    let none = Restrictions::default();
    assert_eq!(none.clone().shared(), None);
    assert_eq!(decide(&none, &Asked { scopes: Scopes::Needed(&needed), ..ANYTHING }), Ok(()));
    assert_eq!(decide(&none, &Asked { scopes: Scopes::Unclear, environment: "x", ..ANYTHING }), Ok(()));
}

#[test]
fn each_restriction_has_a_cause_and_they_come_in_order() {
    let all = Restrictions {
        scopes: Some(boxed(&["read"])),
        allowed_ips: Some(networks(&["10.0.0.0/8"])),
        methods: Some(boxed(&["GET", "PUT"])),
        environments: Some(boxed(&["production"])),
    };
    let needed = ["read", "write"].map(Box::from);
    let mut asked =
        Asked { method: "POST", scopes: Scopes::Needed(&needed), environment: "staging", ..ANYTHING };
    assert_eq!(decide(&all, &asked), Err(Cause::WrongEnvironment));
    assert_eq!(
        decide(&all, &Asked { environment: "", ..asked }),
        Err(Cause::WrongEnvironment),
        "nobody has said"
    );
    asked.environment = "production";
    assert_eq!(decide(&all, &asked), Err(Cause::AddressNotAllowed));
    asked.address = None;
    assert_eq!(decide(&all, &asked), Err(Cause::AddressNotAllowed), "nobody knows from where");
    asked.address = "10.1.2.3".parse().ok();
    assert_eq!(decide(&all, &asked), Err(Cause::MethodNotAllowed));
    assert_eq!(
        decide(&all, &Asked { method: "put", ..asked }),
        Err(Cause::MethodNotAllowed),
        "methods have a case"
    );
    asked.method = "HEAD";
    assert_eq!(decide(&all, &asked), Err(Cause::InsufficientScope), "GET allows HEAD");
    assert_eq!(decide(&all, &Asked { scopes: Scopes::Unclear, ..asked }), Err(Cause::AmbiguousPath));
    asked.scopes = Scopes::Needed(&needed[..1]);
    assert_eq!(decide(&all, &asked), Ok(()));
    asked.scopes = Scopes::Needed(&[]);
    assert_eq!(decide(&all, &asked), Ok(()));
}

#[test]
fn a_refusal_takes_nothing_from_the_window_and_names_the_client() {
    let restrictions = Restrictions { methods: Some(boxed(&["POST"])), ..Restrictions::default() }.shared();
    let elsewhere = restrictions.clone();
    let gate = gate_of(vec![Record { restrictions, ..limited("k", "acme", 2) }]);
    assert_eq!(admitted(&gate, "k", at_millis(0), 9), 0);
    let refusal = gate.admit([b"Bearer k".as_slice()], &ANYTHING, at_millis(0)).unwrap_err();
    assert_eq!(
        (refusal.client(), refusal.quotas().minute.map(|quota| quota.remaining)),
        (Some("acme"), Some(2))
    );
    let ended = Record { expires_at: Some(0), restrictions: elsewhere, ..row("k", "acme") };
    assert!(
        matches!(ask(&gate_of(vec![ended]), &ANYTHING), Err(Cause::Expired { .. })),
        "the standing comes first"
    );
    let hash = KeyHash::of(b"k");
    assert_eq!(gate.judge(hash, Some(&ANYTHING), at_millis(0)).unwrap_err().cause(), Cause::MethodNotAllowed);
    assert!(gate.judge(hash, None, at_millis(0)).is_ok(), "left aside");
}

#[test]
fn a_refresh_takes_restrictions_away_and_brings_them_back() {
    let restricted = |restrictions| vec![Record { restrictions, ..row("k", "acme") }, row("other", "acme")];
    let elsewhere = Restrictions { environments: Some(boxed(&["x"])), ..Restrictions::default() }.shared();
    let gate = gate_of(restricted(elsewhere.clone()));
    assert_eq!(ask(&gate, &ANYTHING), Err(Cause::WrongEnvironment));
    gate.replace(restricted(None), i64::MAX);
    assert_eq!(ask(&gate, &ANYTHING), Ok(()));
    gate.replace(restricted(elsewhere), i64::MAX);
    assert_eq!(ask(&gate, &ANYTHING), Err(Cause::WrongEnvironment));
    assert_eq!(admitted(&gate, "other", at_millis(0), 1), 1);
}

/// A table with one key in two rows, by their four cells.
fn copies(first: [&str; 4], second: [&str; 4]) -> Gate {
    let text = |word: &str| if word.is_empty() { Cell::Empty } else { Cell::Text(word.to_owned()) };
    let columns = ["api_key", "client_name", "is_active", "scopes", "allowed_ips", "methods", "environment"];
    let mut grid = vec![columns.map(text).to_vec()];
    for cells in [first, second] {
        grid.push(["k", "acme", "yes"].iter().chain(&cells).map(|word| text(word)).collect());
    }
    let rules = Rules { time_zone: TimeZone::UTC, default_limit: None };
    gate_of(Table::read(&grid, &rules).unwrap().records)
}

#[test]
fn p04_copies_with_different_restrictions_let_through_what_both_do() {
    let gate = copies(["a b", "10.0.0.0/8 ::1", "GET", ""], ["b c", "10.1.0.0/16 192.0.2.0/24", "", "x"]);
    let b = ["b"].map(Box::from);
    let good =
        Asked { address: "10.1.9.9".parse().ok(), scopes: Scopes::Needed(&b), environment: "x", ..ANYTHING };
    assert_eq!(ask(&gate, &good), Ok(()));
    for address in ["10.2.0.1", "192.0.2.1", "::1"] {
        let elsewhere = Asked { address: address.parse().ok(), ..good };
        assert_eq!(ask(&gate, &elsewhere), Err(Cause::AddressNotAllowed), "{address}");
    }
    for scope in ["a", "c"] {
        let other = [scope].map(Box::from);
        assert_eq!(
            ask(&gate, &Asked { scopes: Scopes::Needed(&other), ..good }),
            Err(Cause::InsufficientScope)
        );
    }
    let apart = copies(["a", "10.0.0.1", "", ""], ["b", "10.0.0.2", "", ""]);
    for address in ["10.0.0.1", "10.0.0.2"] {
        let asked = Asked { address: address.parse().ok(), ..ANYTHING };
        assert_eq!(ask(&apart, &asked), Err(Cause::AddressNotAllowed), "nothing in common is nothing");
    }
}

#[test]
fn ranges_are_read_strictly_and_shown_as_they_are_read() {
    for (text, shown) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ] {
        assert_eq!(text.parse::<Network>().unwrap().to_string(), shown);
    }
    for text in ["10.0.0.1/8", "2001:db8::1/32", "::1/0", "::ffff:10.0.0.1/104"] {
        assert_eq!(text.parse::<Network>(), Err(NotANetwork::HostBits), "{text}");
    }
    for text in
        ["", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "::ffff:0:0/95", "10/8", "10.0.0.0/8/8", "a"]
    {
        assert_eq!(text.parse::<Network>(), Err(NotANetwork::Unreadable), "{text}");
    }
}

/// The bits of an address as a text of ones and zeros, an IPv4 address in IPv6 as the former.
fn digits(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("4{:032b}", u32::from(address)),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => digits(IpAddr::V4(address)),
            None => format!("6{:0128b}", u128::from(address)),
        },
    }
}

/// Addresses that have their first bits in common often.
fn address() -> impl Strategy<Value = IpAddr> {
    let v4 = prop_oneof![any::<u32>(), 0x0a00_0000..0x0a00_0008_u32].prop_map(Ipv4Addr::from);
    let v6 = prop_oneof![any::<u128>(), 0..8_u128].prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits)));
    prop_oneof![
        v4.clone().prop_map(IpAddr::V4),
        v4.prop_map(|address| IpAddr::V6(address.to_ipv6_mapped())),
        v6
    ]
}

/// A range around an address, with the first bits that make it one.
fn range() -> impl Strategy<Value = (Network, String)> {
    (address(), 0..=128_u32).prop_map(|(address, prefix)| {
        let bits = digits(address);
        let shared = usize::try_from(prefix).unwrap() % bits.len();
        let (family, bits) = bits.split_at(1);
        let first = format!("{:0<width$}", &bits[..shared], width = bits.len());
        let address = if family == "4" {
            IpAddr::V4(Ipv4Addr::from(u32::from_str_radix(&first, 2).unwrap()))
        } else {
            IpAddr::V6(Ipv6Addr::from(u128::from_str_radix(&first, 2).unwrap()))
        };
        let network = format!("{address}/{shared}").parse().unwrap();
        (network, format!("{family}{}", &bits[..shared]))
    })
}

fn subset() -> impl Strategy<Value = Option<Box<[Box<str>]>>> {
    prop::option::of(prop::sample::subsequence(vec!["a", "b", "c"], 0..=3))
        .prop_map(|list| list.map(|list| boxed(&list)))
}

fn restrictions() -> impl Strategy<Value = Restrictions> {
    let ranges = prop::option::of(prop::collection::vec(range().prop_map(|(network, _)| network), 0..4));
    let ranges = ranges.prop_map(|ranges| {
        ranges.map(|mut ranges| {
            ranges.sort();
            ranges.dedup();
            ranges.into()
        })
    });
    (subset(), ranges, subset(), subset()).prop_map(|(scopes, allowed_ips, methods, environments)| {
        Restrictions { scopes, allowed_ips, methods, environments }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_range_holds_the_addresses_with_its_first_bits((network, first) in range(), address in address()) {
        prop_assert_eq!(network.contains(address), digits(address).starts_with(&first));
        prop_assert_eq!(network.to_string().parse::<Network>(), Ok(network));
    }

    #[test]
    fn two_ranges_share_what_both_hold((a, _) in range(), (b, _) in range(), address in address()) {
        let both = a.intersection(b).is_some_and(|both| both.contains(address));
        prop_assert_eq!(both, a.contains(address) && b.contains(address));
        prop_assert_eq!(a.intersection(b), b.intersection(a));
    }

    #[test]
    fn what_two_share_is_let_through_by_both(
        a in restrictions(), b in restrictions(), address in address(),
        needed in prop::sample::subsequence(vec!["a", "b", "c"], 0..=2),
        method in "[abc]", environment in "[abc]",
    ) {
        let needed = boxed(&needed);
        let asked = Asked { address: Some(address), method: &method, scopes: Scopes::Needed(&needed), environment: &environment };
        let both = Restrictions::intersection(a.clone().shared().as_ref(), b.clone().shared().as_ref());
        let expected = decide(&a, &asked).is_ok() && decide(&b, &asked).is_ok();
        let shared = both.as_deref().cloned().unwrap_or_default();
        prop_assert_eq!(decide(&shared, &asked).is_ok(), expected);
        let again = Restrictions::intersection(both.as_ref(), b.shared().as_ref());
        prop_assert_eq!(again, both, "what is narrowed twice is narrowed once");
    }

    #[test]
    fn a_list_is_read_as_its_words_or_not_at_all(
        words in prop::collection::vec("[a-z:]{1,4}|10\\.0\\.0\\.[0-9]|::[1-9]|GET|\u{e9}|\"", 0..5),
        between in "[ ,\u{a0}\u{200b}\n]{1,2}",
    ) {
        let cell = Cell::Text(words.join(&between));
        let header = ["api_key", "client_name", "is_active", "scopes", "allowed_ips"];
        let header = header.map(|name| Cell::Text(name.to_owned())).to_vec();
        let row = |scopes: &Cell, networks: &Cell| {
            vec![Cell::Text("the-key".into()), Cell::Text("acme".into()), Cell::Bool(true), scopes.clone(), networks.clone()]
        };
        let rules = Rules { time_zone: TimeZone::UTC, default_limit: None };
        let read = |row| Table::read(&[header.clone(), row], &rules).unwrap().records.remove(0);
        let mut sorted = words.clone();
        sorted.sort();
        sorted.dedup();

        let record = read(row(&cell, &Cell::Empty));
        let good = words.iter().all(|word| word.is_ascii() && word != "\"");
        prop_assert_eq!(record.readable, good);
        let scopes = record.restrictions.and_then(|all| all.scopes.clone());
        let scopes: Option<Vec<String>> = scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect());
        let expected = if good { sorted.clone() } else { Vec::new() };
        prop_assert_eq!(scopes, (!words.is_empty()).then_some(expected));

        let record = read(row(&Cell::Empty, &cell));
        prop_assert_eq!(record.readable, words.iter().all(|word| word.parse::<IpAddr>().is_ok()));
    }
}
