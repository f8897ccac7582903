//! What the page's address asks for, and the addresses of its links: the page keeps nothing between two requests, and all
//! of it can be had without a script.

use form_urlencoded::Serializer;

use crate::dashboard::{Range, Sort, Wanted};

/// The longest filter, in bytes.
const LONGEST: usize = 200;

#[derive(Clone, Default)]
pub(super) struct Address {
    pub(super) range: Range,
    pub(super) wanted: Wanted,
}

/// One of the ranges that can be chosen.
pub(super) struct RangeLink {
    pub(super) word: &'static str,
    pub(super) href: String,
    pub(super) is_current: bool,
}

/// The head of a column.
pub(super) struct Head {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    /// Sorts by it, or the other way round.
    pub(super) href: Option<String>,
    /// In ARIA's words, where the table is sorted by it.
    pub(super) order: Option<&'static str>,
}

impl Address {
    /// What is not understood is left aside: an old bookmark still opens.
    pub(super) fn read(query: &str) -> Self {
        let mut address = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let wanted = &mut address.wanted;
            match &*name {
                "range" => address.range = Range::of(&value).unwrap_or_default(),
                "sort" => wanted.sort = Sort::of(&value).unwrap_or_default(),
                "reverse" => wanted.is_reversed = value == "1",
                "page" => wanted.page = value.parse().unwrap_or_default(),
                "q" => {
                    wanted.filter = value.into_owned();
                    wanted.filter.truncate(wanted.filter.floor_char_boundary(LONGEST));
                }
                _ => {}
            }
        }
        address
    }

    fn href(&self) -> String {
        let mut query = Serializer::new(String::new());
        let Self { range, wanted } = self;
        if *range != Range::default() {
            query.append_pair("range", range.word());
        }
        if wanted.sort != Sort::default() {
            query.append_pair("sort", wanted.sort.word());
        }
        if wanted.is_reversed {
            query.append_pair("reverse", "1");
        }
        if !wanted.filter.is_empty() {
            query.append_pair("q", &wanted.filter);
        }
        if wanted.page > 1 {
            query.append_pair("page", &wanted.page.to_string());
        }
        match query.finish() {
            query if query.is_empty() => "/".to_owned(),
            query => format!("/?{query}"),
        }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut other = self.clone();
        change(&mut other);
        other.href()
    }

    pub(super) fn of_page(&self, page: usize) -> String {
        self.with(|other| other.wanted.page = page)
    }

    pub(super) fn ranges(&self) -> Vec<RangeLink> {
        let link = |range: Range| RangeLink {
            word: range.word(),
            href: self.with(|other| other.range = range),
            is_current: range == self.range,
        };
        Range::ALL.into_iter().map(link).collect()
    }

    /// What the form that finds a client keeps of the rest.
    pub(super) fn kept(&self) -> Vec<(&'static str, &'static str)> {
        let reverse = self.wanted.is_reversed.then_some(("reverse", "1"));
        [("range", self.range.word()), ("sort", self.wanted.sort.word())].into_iter().chain(reverse).collect()
    }

    /// The heads of the table.
    pub(super) fn heads(&self) -> Vec<Head> {
        let columns = [
            ("Client", "name", Some(Sort::Name)),
            ("Use", "spark", None),
            ("Requests", "number", Some(Sort::Requests)),
            ("Refused", "number", Some(Sort::Refused)),
            ("Left of its limit", "left", Some(Sort::Left)),
            ("Last use", "last number", Some(Sort::LastUsed)),
            ("Expires", "number", Some(Sort::Expires)),
        ];
        columns.map(|(name, class, sort)| self.head(name, class, sort)).into()
    }

    fn head(&self, name: &'static str, class: &'static str, sort: Option<Sort>) -> Head {
        let is_current = sort == Some(self.wanted.sort);
        let href = sort.map(|sort| {
            self.with(|other| {
                let wanted = &mut other.wanted;
                (wanted.sort, wanted.is_reversed, wanted.page) = (sort, is_current && !wanted.is_reversed, 1);
            })
        });
        // Of these the largest and the latest come first.
        let falls = matches!(sort, Some(Sort::Requests | Sort::Refused | Sort::LastUsed));
        let order = if falls == self.wanted.is_reversed { "ascending" } else { "descending" };
        Head { name, class, href, order: is_current.then_some(order) }
    }
}

/// The range that somebody has picked in the chart, in Unix seconds; `None` if nobody has.
///
/// # Errors
/// Half of one, or no numbers.
pub(super) fn picked(query: &str) -> Result<Option<(i64, i64)>, ()> {
    let (mut since, mut until) = (None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "since" => since = Some(value.parse().map_err(|_| ())?),
            "until" => until = Some(value.parse().map_err(|_| ())?),
            _ => {}
        }
    }
    match (since, until) {
        (None, None) => Ok(None),
        (Some(since), Some(until)) => Ok(Some((since, until))),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written_and_odd_ones_are_forgiven() {
        let address = "/?range=7d&sort=left&reverse=1&q=%3Cb%3E+%26&page=3";
        assert_eq!(Address::read(&address[2..]).href(), address);
        assert_eq!(Address::read("").href(), "/");
        assert_eq!(Address::read("range=2y&sort=luck&page=-1&reverse=yes&x=%ff").href(), "/");
        let long = format!("q={}", "\u{e9}".repeat(10_000));
        assert_eq!(Address::read(&long).wanted.filter.len(), LONGEST);
        assert_eq!(picked("since=1&until=2"), Ok(Some((1, 2))));
        assert_eq!(
            [picked("range=1h"), picked("since=1"), picked("since=x&until=2")],
            [Ok(None), Err(()), Err(())]
        );
    }

    #[test]
    fn a_head_sorts_by_its_column_and_a_second_time_the_other_way_round() {
        let heads = |query: &str| {
            let heads = Address::read(query).heads();
            let [.., requests, _, left, _, _] = &*heads else { panic!("seven") };
            (requests.href.clone(), requests.order, left.href.clone(), left.order)
        };
        let link = |href: &str| Some(href.to_owned());
        assert_eq!(heads("page=2"), (link("/?reverse=1"), Some("descending"), link("/?sort=left"), None));
        assert_eq!(heads("reverse=1"), (link("/"), Some("ascending"), link("/?sort=left"), None));
        assert_eq!(heads("sort=left"), (link("/"), None, link("/?sort=left&reverse=1"), Some("ascending")));
    }
}
