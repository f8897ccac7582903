use proptest::prelude::*;

use super::*;

fn said(raw: &str) -> String {
    clean(raw).text
}

#[test]
fn plain_speech_stays_as_it_is() {
    for text in [
        "Hello, Ben. Shall we start? It's 10:45, and it costs $5!",
        "Dr. Smith paid 1,234.50 for 1/2 of it, e.g. in the U.S.A. or at home.",
        "A well-known state-of-the-art method at -5 or 3.5mm.",
    ] {
        assert_eq!(said(text), text);
    }
}

#[test]
fn signs_and_addresses_are_read() {
    insta::assert_snapshot!(
        [
            "See https://www.example.com/docs/a-b?x=1, or mail joe.doe@example.com.",
            "api.example.com/v2 and http://localhost:8000/",
            "Node.js, .NET, C++, C#, issue #5, A&B, R & D, 3 * 4 = 12, and/or",
            "snake_case and camelCase at 10% of v2.0.1 on 2026-11-22.",
            "It costs €6 or £5.50 at 20°C.",
            "One...two -- three — four… done.Next one",
            "API keys, two APIs, the (URL), NASA",
        ]
        .map(said)
        .join("\n"), @"
        See example dot com slash docs slash a dash b question mark x equals 1, or mail joe dot doe at example dot com.
        api dot example dot com slash v2 and localhost port 8000
        Node dot js, dot NET, C plus plus, C sharp, issue number 5, A and B, R and D, 3 times 4 equals 12, and or
        snake case and camel Case at 10 percent of v2 dot 0 dot 1 on November 22, 2026.
        It costs 6 euros or 5.50 pounds at 20 degrees C.
        One. two, three, four. done. Next one
        A P I keys, two A P I's, the U R L, NASA
        "
    );
}

#[test]
fn markdown_is_not_spoken() {
    let text = "# The plan\n\nWe **really** like `code` and _this_ [link](https://a.example/x).\n\n- first\n- second!\n\n---\n> quoted \"words\"\n```rust\nlet x\n```";
    insta::assert_snapshot!(said(text), @"The plan. We really like code and this link. first. second! quoted words. let x");
}

#[test]
fn a_wrapped_line_is_one_sentence() {
    assert_eq!(said("This is\r\none\tsentence\u{7}  here."), "This is one sentence here.");
}

#[test]
fn accents_fold_and_other_scripts_are_counted() {
    let cleaned = clean("Café naïve “résumé” e\u{301}lan, it’s Łódź 👍 and 你好");
    assert_eq!(cleaned.text, "Cafe naive resume elan, it's Lodz and");
    assert_eq!(cleaned.left_out, 3);
    assert!(cleaned.warning("line 2").unwrap().starts_with("line 2: 3 character(s)"));
    assert_eq!(clean("Fine.").warning("line 2"), None);
}

#[test]
fn long_text_is_cut_at_sentences() {
    assert_eq!(pieces("One two. Three four? Five", 15), ["One two.", "Three four?", "Five"]);
    assert_eq!(pieces("One two, three four five", 15), ["One two,", "three four five"]);
    assert_eq!(pieces("abcdefgh", 3), ["abc", "def", "gh"]);
    assert_eq!(pieces("One.", 15), ["One."]);
}

proptest! {
    #[test]
    fn whatever_comes_the_voice_gets_plain_words(raw in any::<String>()) {
        let cleaned = clean(&raw);
        prop_assert!(cleaned.text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{:?}", cleaned.text);
        prop_assert!(!cleaned.text.contains("  ") && cleaned.text.trim() == cleaned.text);
    }

    #[test]
    fn words_survive_in_order(words in prop::collection::vec("[a-z]{1,8}", 1..20)) {
        prop_assert_eq!(said(&words.join(" ")), words.join(" "));
        prop_assert_eq!(said(&words.join("\n")), words.join(" "));
        prop_assert_eq!(said(&words.join("_")), words.join(" "));
    }

    #[test]
    fn pieces_lose_nothing(text in "([a-z]{1,12}[.,?]? ){1,60}", limit in 13_usize..80) {
        let pieces = pieces(&text, limit);
        prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= limit));
        prop_assert_eq!(pieces.join(" "), text.trim());
    }
}
