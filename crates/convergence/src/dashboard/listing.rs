//! The clients that are wanted, in order, a page of them.

use std::cmp::{Ordering, Reverse};

use super::clients::Client;

/// So many rows has a page.
pub(crate) const PAGE: usize = 50;

/// Which clients are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Only those with this in their names, in whatever case; empty for all.
    pub(crate) filter: String,
    pub(crate) sort: Sort,
    pub(crate) is_reversed: bool,
    /// From 1; one that is not there is the nearest that is.
    pub(crate) page: usize,
}

/// By what clients are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    Name,
    #[default]
    Requests,
    Refused,
    /// The least left first; those without a limit last.
    Left,
    LastUsed,
    /// The first to expire first; those that never do last.
    Expires,
}

impl Sort {
    pub(crate) const ALL: [Self; 6] =
        [Self::Name, Self::Requests, Self::Refused, Self::Left, Self::LastUsed, Self::Expires];

    /// The word for it in addresses.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Requests => "requests",
            Self::Refused => "refused",
            Self::Left => "left",
            Self::LastUsed => "last_used",
            Self::Expires => "expires",
        }
    }

    /// That of a word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.word() == word)
    }

    fn order(self, a: &Client, b: &Client) -> Ordering {
        let refused = |client: &Client| Reverse(client.refused());
        let requests = |client: &Client| Reverse(client.used.totals.requests());
        // More than everything, where there is no limit.
        let share = |client: &Client| client.left.map_or(2.0, |left| left.share());
        let first = match self {
            Self::Name => Ordering::Equal,
            Self::Requests => requests(a).cmp(&requests(b)),
            Self::Refused => refused(a).cmp(&refused(b)),
            Self::Left => share(a).total_cmp(&share(b)),
            Self::LastUsed => b.last_used_at.cmp(&a.last_used_at),
            Self::Expires => {
                let at = |client: &Client| client.expires_at.unwrap_or(i64::MAX);
                at(a).cmp(&at(b))
            }
        };
        first.then_with(|| a.name.cmp(&b.name))
    }
}

/// A page of those that are wanted.
pub(crate) struct Listing<'a> {
    pub(crate) clients: Vec<&'a Client>,
    /// How many there are on all pages.
    pub(crate) found: usize,
    /// From 1.
    pub(crate) page: usize,
    pub(crate) pages: usize,
}

impl<'a> Listing<'a> {
    pub(crate) fn of(clients: &'a [Client], wanted: &Wanted) -> Self {
        let filter = wanted.filter.trim().to_lowercase();
        let is_wanted = |client: &&Client| filter.is_empty() || client.name.to_lowercase().contains(&filter);
        let mut found: Vec<&Client> = clients.iter().filter(is_wanted).collect();
        found.sort_by(|a, b| wanted.sort.order(a, b));
        if wanted.is_reversed {
            found.reverse();
        }
        let pages = found.len().div_ceil(PAGE).max(1);
        let page = wanted.page.clamp(1, pages);
        let clients = found.iter().skip((page - 1) * PAGE).take(PAGE).copied().collect();
        Self { clients, found: found.len(), page, pages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::clients::{Left, Span};

    fn client(name: &str, admitted: u64, remaining: Option<u64>, expires_at: Option<i64>) -> Client {
        let mut client = Client::named(name);
        client.used.totals.admitted = admitted;
        client.left = remaining.map(|remaining| Left { of: Span::Minute, limit: 10, remaining, reset: 1 });
        client.expires_at = expires_at;
        client
    }

    #[test]
    fn clients_are_found_sorted_and_paged() {
        let clients = [
            client("Beta", 5, Some(3), None),
            client("alpha", 9, None, Some(20)),
            client("Gamma beta", 5, Some(1), Some(10)),
        ];
        let names = |wanted: Wanted| -> Vec<String> {
            let listing = Listing::of(&clients, &wanted);
            listing.clients.iter().map(|client| client.name.clone()).collect()
        };
        let by = |sort, is_reversed| names(Wanted { sort, is_reversed, ..Wanted::default() });
        assert_eq!(by(Sort::Requests, false), ["alpha", "Beta", "Gamma beta"]);
        assert_eq!(by(Sort::Requests, true), ["Gamma beta", "Beta", "alpha"]);
        assert_eq!(by(Sort::Left, false), ["Gamma beta", "Beta", "alpha"]);
        assert_eq!(by(Sort::Expires, false), ["Gamma beta", "alpha", "Beta"]);
        assert_eq!(by(Sort::Name, false), ["Beta", "Gamma beta", "alpha"]);
        assert_eq!(names(Wanted { filter: " BETA ".into(), ..Wanted::default() }), ["Beta", "Gamma beta"]);

        let many: Vec<Client> = (0..120).map(|n| client(&format!("{n:03}"), 0, None, None)).collect();
        let page = |page| {
            let listing = Listing::of(&many, &Wanted { page, ..Wanted::default() });
            (
                listing.page,
                listing.pages,
                listing.found,
                listing.clients.first().map(|first| first.name.clone()),
            )
        };
        assert_eq!(page(0), (1, 3, 120, Some("000".to_owned())));
        assert_eq!(page(3), (3, 3, 120, Some("100".to_owned())));
        assert_eq!(page(usize::MAX), (3, 3, 120, Some("100".to_owned())));
        assert_eq!(Listing::of(&[], &Wanted::default()).pages, 1);
        for sort in Sort::ALL {
            assert_eq!(Sort::of(sort.word()), Some(sort));
        }
    }
}
