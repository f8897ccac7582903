//! Telephone numbers, digit by digit.

use super::here::Here;
use super::numbers::digits;
use super::said::Said;

/// Words that a number may be spread over.
const WORDS: usize = 6;

/// `+1 (555) 123-4567`, `555-123-4567`, `(555) 123-4567`, and `555-1234` where somebody calls it.
pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let mut groups: Vec<&str> = Vec::new();
    let mut words = 0;
    // Brackets make pauses, which do not matter here; any other pause ends the number.
    for count in 0..WORDS {
        let Some(token) = here.beyond(count) else { break };
        let body = token.core.strip_prefix('+').filter(|_| count == 0).unwrap_or(&token.core);
        let parts: Vec<&str> = body.split(['-', '.']).collect();
        if !parts
            .iter()
            .all(|part| (1..=11).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit()))
        {
            break;
        }
        groups.extend(parts);
        words = count + 1;
        let in_brackets = token.opens || (count == 1 && here.beyond(1).is_some_and(|token| token.opens));
        if token.pause.is_some_and(|pause| pause != ',' || !in_brackets) {
            break;
        }
    }
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let total: usize = lengths.iter().sum();
    let is_international = here.core().starts_with('+') && (8..=15).contains(&total);
    let is_called = ["call", "Call", "dial", "Dial", "phone", "Phone", "number", "at", "tel", "Tel"]
        .contains(&here.before(1));
    let is_local = match lengths[..] {
        [3, 3, 4] => here.token().opens || here.core().matches(['-', '.']).count() == 2,
        [1, 3, 3, 4] => here.core().matches('-').count() == 3,
        [3, 4] => is_called && here.core().contains('-'),
        _ => false,
    };
    if !is_international && !is_local {
        return None;
    }
    if is_international {
        said.words("plus");
    }
    for (index, group) in groups.into_iter().enumerate() {
        if index > 0 {
            said.pause(',');
        }
        said.words(&digits(group));
    }
    Some(words)
}
