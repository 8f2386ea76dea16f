//! Instants as text: ISO 8601, and the other ways in which files write dates, which a whole column tells.

use jiff::civil::{Date, DateTime, Time, Weekday, date};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, Timestamp};

/// Ways to write a day, a month or a week, as `strptime` names them. ISO 8601 goes first.
const DATES: [&str; 34] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%a, %d %b %Y",
    "%Y-%b-%d",
    "%Y-%m",
    "%Y/%m",
    "%m/%Y",
    "%m-%Y",
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%b-%y",
    "%Y-%b",
    "%G-W%V",
    "%GW%V",
];
/// What may follow of the time of day, and of the distance from UTC.
const TIMES: [&str; 6] = ["", " %H:%M", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S%.f"];
const OFFSETS: [&str; 5] = ["", " UTC", "Z", " %z", "%:z"];

/// A date, or a date with a time of day, of ISO 8601, as microseconds since 1970-01-01 00:00; where no offset is named it is
/// UTC.
pub(crate) fn parse(text: &str) -> Option<i64> {
    // A number is no date, though ISO 8601 has a form without hyphens.
    if text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    // A civil time would be read of an instant too, without its offset.
    let instant = text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
    instant.or_else(|| text.parse::<DateTime>().ok().map(micros))
}

/// The share of a day at which a time of day stands, as `13:45` or `13:45:30`.
pub(crate) fn of_clock(text: &str) -> Option<f64> {
    if !text.contains(':') {
        return None;
    }
    let time: Time = text.parse().ok()?;
    let since = time.duration_since(Time::midnight());
    Some(since.as_secs_f64() / 86_400.0)
}

/// The days since 1970-01-01 00:00 UTC of a date of ISO 8601, or the share of a day of a time of day.
///
/// ```
/// use elbo_data::days;
/// assert_eq!((days("1970-01-02"), days("06:00"), days("soon")), (Some(1.0), Some(0.25), None));
/// ```
pub fn days(text: &str) -> Option<f64> {
    of_clock(text).or_else(|| parse(text).map(|instant| instant as f64 / 86_400e6))
}

/// How all cells of a column write their instants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Writing {
    /// ISO 8601, each cell by itself with or without a time of day and an offset.
    Iso,
    /// As this pattern of `strptime` says.
    Pattern(String),
    /// A year and a quarter, as `2024Q1` or `Q1 2024`.
    Quarter,
}

impl Writing {
    /// The ways that read every cell which is not empty, of those in which a file may write; none where no cell holds
    /// anything.
    pub(crate) fn all(cells: &[String]) -> Vec<Self> {
        let seen = || cells.iter().map(String::as_str).filter(|cell| !cell.is_empty());
        let Some(first) = seen().next() else { return Vec::new() };
        let of_day = |day: &'static str| {
            let offset = |time: &str| OFFSETS.iter().take(if time.is_empty() { 1 } else { OFFSETS.len() });
            let ends = TIMES.iter().flat_map(move |time| offset(time).map(move |offset| (time, offset)));
            ends.map(move |(time, offset)| Self::Pattern(format!("{day}{time}{offset}")))
        };
        // Most text begins as no date does, whatever may follow.
        let begins = |day: &&str| BrokenDownTime::parse_prefix(day, first).is_ok();
        let patterns = DATES.into_iter().filter(begins).flat_map(of_day);
        let mut ways: Vec<Self> = [Self::Iso, Self::Quarter].into_iter().chain(patterns).collect();
        ways.retain(|way| way.read(first).is_some());
        for cell in seen() {
            if ways.is_empty() {
                break;
            }
            ways.retain(|way| way.read(cell).is_some());
        }
        ways
    }

    /// Whether some of these ways have the day before the month, and some the month before the day.
    pub(crate) fn may_turn(ways: &[Self]) -> bool {
        let begins = |start: &str| {
            ways.iter().any(|way| matches!(way, Self::Pattern(pattern) if pattern.starts_with(start)))
        };
        begins("%d") && (begins("%m/%d") || begins("%m-%d"))
    }

    /// What goes first of day and month.
    pub(crate) fn first(&self) -> &'static str {
        match self {
            Self::Pattern(pattern) if pattern.starts_with("%d") => "the day before the month",
            _ => "the month before the day",
        }
    }

    /// The instant in a cell, in microseconds since 1970-01-01 00:00 UTC: of a month, a quarter or a week its first day.
    pub(crate) fn read(&self, cell: &str) -> Option<i64> {
        match self {
            Self::Iso => parse(cell),
            Self::Pattern(pattern) => by_pattern(pattern, cell),
            Self::Quarter => quarter(cell),
        }
    }
}

/// Cells that are no dates, beyond as many that are, after which the others are not looked at.
const PATIENCE: usize = 1000;

/// Whether the cells of a column are dates, told one by one: where all are, in which ways; where most are, which is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct DateScan {
    /// The forms in which cells are dates: the ways that read all cells of a form, how many these are, and the first.
    forms: Vec<(Vec<Writing>, usize, (usize, String))>,
    /// How many cells are no date in any form, and the first of them.
    others: usize,
    first_other: Option<(usize, String)>,
}

impl DateScan {
    /// Takes a cell, which is not empty, on this line.
    pub(crate) fn take(&mut self, cell: &str, line: usize) {
        let example = || (line, cell.to_owned());
        for (ways, count, first) in &mut self.forms {
            // Most columns have one way, which stays.
            if ways.iter().all(|way| way.read(cell).is_some()) {
            } else if ways.iter().any(|way| way.read(cell).is_some()) {
                ways.retain(|way| way.read(cell).is_some());
            } else {
                continue;
            }
            *count += 1;
            if line < first.0 {
                *first = example();
            }
            return;
        }
        if self.others < self.dates() + PATIENCE && begins_as_date(cell) {
            let ways = Writing::all(&[cell.to_owned()]);
            if !ways.is_empty() {
                self.forms.push((ways, 1, example()));
                return;
            }
        }
        self.others += 1;
        if self.first_other.as_ref().is_none_or(|(first, _)| line < *first) {
            self.first_other = Some(example());
        }
    }

    /// How many cells are dates.
    fn dates(&self) -> usize {
        self.forms.iter().map(|(_, count, _)| count).sum()
    }

    /// The ways that read every cell; none where a cell is no date, or there is no cell.
    pub(crate) fn ways(&self) -> &[Writing] {
        match &self.forms[..] {
            [(ways, ..)] if self.others == 0 => ways,
            _ => &[],
        }
    }

    /// The first cell that is not written as most are, where most of the cells, with this many numbers besides, are dates;
    /// none where all are, in one form.
    pub(crate) fn odd(
        &self,
        numbers: usize,
        first_number: Option<&(usize, String)>,
    ) -> Option<(usize, String)> {
        if self.dates() <= self.others + numbers {
            return None;
        }
        let usual = (0..self.forms.len()).max_by_key(|&i| (self.forms[i].1, std::cmp::Reverse(i)))?;
        let unlike = self.forms.iter().enumerate().filter(|(i, _)| *i != usual).map(|(_, (.., first))| first);
        unlike.chain(&self.first_other).chain(first_number).min().cloned()
    }
}

/// Whether a cell begins as dates do: with a digit, or the name of a month or a day; with a quarter.
fn begins_as_date(cell: &str) -> bool {
    const NAMES: [&str; 19] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mon", "tue",
        "wed", "thu", "fri", "sat", "sun",
    ];
    let bytes = cell.as_bytes();
    let named = || {
        bytes
            .get(..3)
            .is_some_and(|first| NAMES.iter().any(|name| first.eq_ignore_ascii_case(name.as_bytes())))
    };
    let digit = bytes.first().is_some_and(u8::is_ascii_digit);
    let quarter = matches!(bytes, [b'Q' | b'q', digit, ..] if digit.is_ascii_digit());
    bytes.len() > 5 && (digit || quarter || named()) && bytes.iter().any(u8::is_ascii_digit)
}

/// What a column of text says as dates, an empty cell of which says nothing.
pub(crate) enum Dates {
    /// Some cell is no instant, or all are empty.
    None,
    /// Day and month may be either way round.
    Unclear,
    /// How they are written, and the instants; where day and month could be either way round, why they are so.
    Known(Writing, Vec<Option<i64>>, Option<&'static str>),
}

/// The instants of a column of text, all of which are written in one way. Where day and month may be either way round, they
/// are so that the rows are in time order, or in its reverse; or else so that the steps are even.
pub(crate) fn dates(cells: &[String]) -> Dates {
    let read = |way: Writing| {
        let instants: Vec<Option<i64>> = cells.iter().map(|cell| way.read(cell)).collect();
        (way, instants)
    };
    let mut readings = Writing::all(cells).into_iter().map(read);
    let Some(first) = readings.next() else { return Dates::None };
    let mut readings: Vec<_> = readings.filter(|(_, instants)| *instants != first.1).collect();
    if readings.is_empty() {
        return Dates::Known(first.0, first.1, None);
    }
    readings.insert(0, first);
    let ordered = readings.iter().filter(|(_, instants)| in_order(instants)).count();
    if ordered > 0 {
        readings.retain(|(_, instants)| in_order(instants));
    }
    let why = if ordered == 1 {
        "so the rows are in time order"
    } else {
        readings.retain(|(_, instants)| is_even(instants));
        "so the steps are even"
    };
    match (readings.pop(), readings.is_empty()) {
        (Some((way, instants)), true) => Dates::Known(way, instants, Some(why)),
        _ => Dates::Unclear,
    }
}

/// Whether instants, once in order, follow one another in steps of so many months, or of the same time, most of which have
/// a row.
fn is_even(instants: &[Option<i64>]) -> bool {
    let mut known: Vec<i64> = instants.iter().copied().flatten().collect();
    known.sort_unstable();
    known.dedup();
    let most = i64::try_from(2 * known.len().saturating_sub(1)).unwrap_or(i64::MAX);
    let steps = |gaps: Vec<i64>| {
        let Some(least) = gaps.iter().copied().min().filter(|&least| least > 0) else { return false };
        gaps.iter().all(|gap| gap % least == 0) && gaps.iter().sum::<i64>() / least <= most
    };
    let day = known.iter().map(|&instant| day_of_month(instant)).max().unwrap_or(1);
    let pairs = || known.windows(2).map(|pair| (pair[0], pair[1]));
    let months: Option<Vec<i64>> = pairs().map(|(a, b)| months_between(a, b, day)).collect();
    known.len() > 2 && (months.is_some_and(steps) || steps(pairs().map(|(a, b)| b - a).collect()))
}

/// Whether instants rise throughout, or fall throughout.
fn in_order(instants: &[Option<i64>]) -> bool {
    let known: Vec<i64> = instants.iter().copied().flatten().collect();
    known.is_sorted() || known.is_sorted_by(|a, b| a >= b)
}

fn by_pattern(pattern: &str, cell: &str) -> Option<i64> {
    let mut parts = strtime::parse(pattern, cell).ok()?;
    // `strptime` takes fewer digits of a year than it has, and a space where there is none: 1.2.3 is no date.
    let year = parts.year().or(parts.iso_week_year())?.to_string();
    let year = if pattern.contains("%y") { &year[2..] } else { &year };
    if parts.year().is_some_and(|year| year < 1000)
        || !cell.split(|c: char| !c.is_ascii_digit()).any(|run| run == year)
    {
        return None;
    }
    if pattern.starts_with("%G") {
        parts.set_weekday(Some(Weekday::Monday));
    } else if parts.day().is_none() {
        parts.set_day(Some(1)).ok()?;
    }
    let day = parts.to_date().ok()?;
    let time = if parts.hour().is_some() { parts.to_time().ok()? } else { Time::midnight() };
    let offset = parts.offset().unwrap_or(Offset::UTC);
    let instant = offset.to_timestamp(day.to_datetime(time)).ok()?;
    Some(instant.as_microsecond())
}

fn quarter(cell: &str) -> Option<i64> {
    let mut parts = cell.split([' ', '-', 'Q', 'q']).filter(|part| !part.is_empty());
    let (a, b) = (parts.next()?, parts.next()?);
    let (year, quarter) = if a.len() == 4 { (a, b) } else { (b, a) };
    if parts.next().is_some() || year.len() != 4 || quarter.len() != 1 || !cell.contains(['Q', 'q']) {
        return None;
    }
    let quarter: i8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter))?;
    Date::new(year.parse().ok()?, 3 * quarter - 2, 1).ok().map(|day| micros(day.into()))
}

fn micros(instant: DateTime) -> i64 {
    instant.duration_since(date(1970, 1, 1).into()).as_micros() as i64
}

/// The civil time of an instant, in UTC; `None` outside the years −9999 to 9999.
fn civil(instant: i64) -> Option<DateTime> {
    let epoch = DateTime::from(date(1970, 1, 1));
    epoch.checked_add(SignedDuration::from_micros(instant)).ok()
}

/// The instant of a day that is written as one number, as 20240131.
pub(crate) fn of_digits(day: f64) -> Option<i64> {
    let number = (18_000_101.0..22_000_101.0).contains(&day) && day.fract() == 0.0;
    let of =
        |number: i64| Date::new((number / 10_000) as i16, (number / 100 % 100) as i8, (number % 100) as i8);
    number.then(|| of(day as i64).ok()).flatten().map(|day| micros(day.into()))
}

/// The first instant of a month that is written as one number, as 202401.
pub(crate) fn of_month_digits(month: f64) -> Option<i64> {
    (month.fract() == 0.0).then(|| of_digits(100.0 * month + 1.0)).flatten()
}

/// The day of the week of an instant in UTC, from 1 for Monday; 0 of none.
pub(crate) fn weekday(instant: i64) -> i8 {
    civil(instant).map_or(0, |of| of.weekday().to_monday_one_offset())
}

/// The day of the month of an instant in UTC, from 1; 0 of none.
pub(crate) fn day_of_month(instant: i64) -> i8 {
    civil(instant).map_or(0, DateTime::day)
}

/// How many months lead from an instant to another at the same time of day, which is on this day of its month, or on the last
/// where the month is shorter; `None` where there is no such number.
pub(crate) fn months_between(from: i64, to: i64, day: i8) -> Option<i64> {
    let (a, b) = (civil(from)?, civil(to)?);
    let months = |of: DateTime| 12 * i64::from(of.year()) + i64::from(of.month());
    let between = months(b) - months(a);
    (months_later(from, between, day)? == to).then_some(between)
}

/// The instant so many months later, on this day of its month, or on the last where the month is shorter.
pub(crate) fn months_later(from: i64, months: i64, day: i8) -> Option<i64> {
    let of = civil(from)?;
    let first = of.date().first_of_month().checked_add(Span::new().try_months(months).ok()?).ok()?;
    let later = first.with().day(day.clamp(1, first.days_in_month())).build().ok()?;
    Some(micros(later.to_datetime(of.time())))
}

/// The text that [`parse`] reads as the same instant: a date where it is midnight UTC.
pub(crate) fn format(instant: i64) -> String {
    match civil(instant) {
        Some(of) if of.time() == Time::midnight() => of.date().to_string(),
        Some(of) => of.to_string(),
        None => instant.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * SECOND;

    fn texts(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.into()).collect()
    }

    /// The instants of cells as [`format`] writes them; nothing of an empty one.
    fn read(cells: &[&str]) -> Option<Vec<String>> {
        let Dates::Known(_, instants, _) = dates(&texts(cells)) else { return None };
        Some(instants.iter().map(|instant| instant.map_or(String::new(), format)).collect())
    }

    // By `date -u -d … +%s`.
    #[test]
    fn instants_are_those_of_the_calendar() {
        for (text, micros) in [
            ("1970-01-01", 0),
            ("2026-11-30", 1_795_996_800 * SECOND),
            ("1900-03-01", -2_203_891_200 * SECOND),
            ("2024-02-29T12:30:15.25", 1_709_209_815 * SECOND + 250_000),
        ] {
            assert_eq!(parse(text), Some(micros), "{text}");
            assert_eq!(format(micros), text);
        }
        assert_eq!(parse("2024-02-29 12:30"), parse("2024-02-29T14:30:00+02:00"));
        assert_eq!(parse("2024-02-29 12:30"), parse("2024-02-29T12:30:00Z"));
        for text in ["", "2023-02-29", "29.2.2024", "2024", "12:30", "1.5", "20240229", "2024-1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(format(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn a_column_tells_how_its_dates_are_written() {
        let two = ["2024-01-31", "2024-02-01"];
        for cells in [
            ["2024-01-31", "2024-02-01"],
            ["2024-01-31 00:00:00", "2024-02-01"],
            ["2024/01/31", "2024/2/1"],
            ["31.01.2024", "1.2.2024"],
            ["31/01/2024", "01/02/2024"],
            ["01/31/2024", "02/01/2024"],
            ["31-Jan-2024", "01-Feb-2024"],
            ["31-Jan-24", "01-Feb-24"],
            ["31/01/24", "01/02/24"],
            ["Jan 31, 2024", "Feb 1, 2024"],
            ["January 31, 2024", "February 1, 2024"],
            ["Wed, 31 Jan 2024", "Thu, 01 Feb 2024"],
            ["31 January 2024", "1 February 2024"],
            ["31/01/2024 00:00", "01/02/2024 00:00"],
            ["1/31/2024 12:00:00 AM", "2/1/2024 12:00:00 AM"],
            ["2024-01-31 00:00:00 UTC", "2024-02-01 00:00:00 UTC"],
            ["2024-01-31 01:00:00 +0100", "2024-02-01 01:00:00 +0100"],
        ] {
            assert_eq!(read(&cells).as_deref(), Some(&two.map(str::to_owned)[..]), "{cells:?}");
        }
        let starts = ["2024-01-01", "", "2024-04-01"].map(str::to_owned);
        for cells in [
            ["2024-01", "", "2024-04"],
            ["01/2024", "", "04/2024"],
            ["Jan 2024", "", "Apr 2024"],
            ["Jan-24", "", "Apr-24"],
            ["2024Q1", "", "2024Q2"],
            ["Q1 2024", "", "Q2 2024"],
            ["2024-Q1", "", "2024-Q2"],
            ["2024-W01", "", "2024-W14"],
        ] {
            assert_eq!(read(&cells).as_deref(), Some(&starts[..]), "{cells:?}");
        }
    }

    #[test]
    fn day_and_month_are_told_by_the_order_of_rows_or_not_at_all() {
        let read = |cells: &[&str]| read(cells).map(|days| days.join(" "));
        assert_eq!(read(&["01/02/2024", "01/03/2024"]), None);
        assert_eq!(read(&["01/12/2023", "01/01/2024"]), None);
        assert_eq!(read(&["03/01/2024", "02/02/2024"]).as_deref(), None);
        assert_eq!(
            read(&["03/01/2024", "02/02/2024", "05/02/2024"]).as_deref(),
            Some("2024-01-03 2024-02-02 2024-02-05")
        );
        // Both ways are the same days.
        assert_eq!(read(&["01/01/2024", "02/02/2024"]).as_deref(), Some("2024-01-01 2024-02-02"));
    }

    #[test]
    fn day_and_month_are_told_by_even_steps() {
        let months: Vec<[i32; 2]> = (0..24).map(|n| [2016 + n / 12, n % 12 + 1]).collect();
        let written = |of: &dyn Fn(i32, i32) -> String| -> Vec<String> {
            months.iter().map(|&[year, month]| of(year, month)).collect()
        };
        let starts: Vec<Option<i64>> =
            months.iter().map(|&[year, month]| parse(&format!("{year}-{month:02}-01"))).collect();
        let known = |cells: &[String]| match dates(cells) {
            Dates::Known(way, instants, why) => Some((way.first(), instants, why.unwrap_or_default())),
            _ => None,
        };
        let even = "so the steps are even";
        let day_first = written(&|year, month| format!("01/{month:02}/{year}"));
        assert_eq!(known(&day_first), Some(("the day before the month", starts.clone(), even)));
        let month_first = written(&|year, month| format!("{month:02}/01/{year}"));
        assert_eq!(known(&month_first), Some(("the month before the day", starts.clone(), even)));
        // A month without a row, two series one below the other, and rows in no order.
        let mut gap = day_first.clone();
        gap.remove(5);
        assert_eq!(known(&gap).map(|(first, _, why)| (first, why)), Some(("the day before the month", even)));
        let twice = [day_first.clone(), day_first.clone()].concat();
        assert_eq!(known(&twice).map(|(_, instants, _)| instants), Some([&starts[..]; 2].concat()));
        let quarters: Vec<String> = month_first.iter().step_by(3).cloned().collect();
        assert_eq!(known(&quarters).map(|(first, ..)| first), Some("the month before the day"));
        // Twelve days of a month may be twelve months.
        for cells in [&day_first[..12], &month_first[..12]] {
            assert!(matches!(dates(cells), Dates::Unclear), "{cells:?}");
        }
    }

    #[test]
    fn what_is_no_date_stays_text() {
        for cells in [
            &["1.2.3", "1.2.4"][..],
            &["2024-01-31", "soon"],
            &["", ""],
            &["2024Q5"],
            &["10-12", "13-15"],
            &["May", "June"],
            &["192.168.10.24", "192.168.10.25"],
            &["31.02.2024"],
            &["1-2024-03"],
        ] {
            assert_eq!(read(cells), None, "{cells:?}");
        }
        assert_eq!(DAY, parse("1970-01-02").unwrap());
    }
}
