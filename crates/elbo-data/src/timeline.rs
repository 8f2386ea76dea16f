//! Rows on a line of time: their order, the step between them, and the steps without a row.

use std::collections::HashMap;
use std::fmt::{self, Display};

use crate::error::Error;
use crate::time;

/// When each row was seen.
///
/// ```
/// use elbo_data::{TimeOrder, Step, Timeline, Times};
///
/// // Newest first, and nothing of the second of May.
/// let day = 86_400e6;
/// let times = Times { name: "day".into(), values: vec![3.0 * day, 2.0 * day, 0.0], calendar: true };
/// let line = Timeline::of(&times, None, |row| row + 2)?;
/// assert_eq!((line.order, line.step), (TimeOrder::Reversed, Step::Fixed { size: day, calendar: true }));
/// assert_eq!(line.rows, [Some(2), None, Some(1), Some(0)]);
/// assert_eq!(times.text(line.ahead(3, 1)), "1970-01-05");
/// # Ok::<(), elbo_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    /// The name of the column.
    pub name: String,
    /// The time of each row: where `calendar` holds in microseconds since 1970-01-01 00:00 UTC, else in units of the file's
    /// own, as years. NaN is a missing one.
    pub values: Vec<f64>,
    /// Whether they are instants of the calendar.
    pub calendar: bool,
}

/// How numbers write instants of the calendar.
const CALENDAR: [fn(f64) -> Option<i64>; 2] = [time::of_digits, time::of_month_digits];

impl Times {
    /// Times of the file's own units; days where each is one, as 20240131, or months, as 202401.
    pub fn of_numbers(name: &str, numbers: Vec<f64>) -> Self {
        let all = |read: fn(f64) -> Option<i64>| {
            let instant = |&number: &f64| {
                if number.is_nan() { Some(number) } else { read(number).map(|instant| instant as f64) }
            };
            numbers.iter().map(instant).collect::<Option<Vec<f64>>>()
        };
        let instants = CALENDAR.into_iter().find_map(all);
        let calendar = instants.is_some();
        Self { name: name.to_owned(), values: instants.unwrap_or(numbers), calendar }
    }

    /// The row of the first number that is no day, or no month, where most are, as 20241331 among others: none of times that
    /// are all days or months, or mostly something else.
    pub fn odd_day(&self) -> Option<usize> {
        if self.calendar {
            return None;
        }
        let known = || self.values.iter().enumerate().filter(|(_, number)| !number.is_nan());
        CALENDAR.into_iter().find_map(|read| {
            let instants = known().filter(|(_, number)| read(**number).is_some()).count();
            let odd = || known().find(|(_, number)| read(**number).is_none());
            (2 * instants > known().count()).then(odd)?.map(|(row, _)| row)
        })
    }

    /// A time as a file writes it; nothing of a missing one.
    pub fn text(&self, value: f64) -> String {
        match value {
            value if !value.is_finite() => String::new(),
            value if self.calendar => time::format(value as i64),
            value => value.to_string(),
        }
    }

    /// The times of these rows.
    #[must_use]
    pub fn at_rows(&self, rows: &[usize]) -> Self {
        Self { values: rows.iter().map(|&row| self.values[row]).collect(), ..self.clone() }
    }
}

/// How the rows of a file stood in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeOrder {
    /// The earliest first.
    InOrder,
    /// The latest first.
    Reversed,
    /// In no order.
    Mixed,
}

/// What lies between a row and the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// The same time throughout.
    Fixed {
        /// Microseconds of the calendar, or units of the file's own.
        size: f64,
        /// Whether it is of the calendar.
        calendar: bool,
    },
    /// This many months.
    Months {
        /// How many.
        count: i64,
        /// The day of the month on which rows stand, or on its last where it is shorter.
        day: i8,
    },
    /// A day, where Saturdays and Sundays have no row.
    Weekdays,
    /// Nothing that holds throughout.
    Irregular {
        /// The shortest time from a row to the next.
        least: f64,
        /// The longest.
        most: f64,
        /// Whether they are of the calendar.
        calendar: bool,
    },
}

impl Step {
    /// How long it is, in microseconds of the calendar or units of the file's own, of months their mean; none where rows do not
    /// follow one another in equal steps.
    pub fn length(&self) -> Option<f64> {
        const DAY: f64 = 86_400e6;
        match *self {
            Self::Fixed { size, .. } => Some(size),
            Self::Months { count, .. } => Some(count as f64 * 365.2425 / 12.0 * DAY),
            Self::Weekdays => Some(DAY),
            Self::Irregular { .. } => None,
        }
    }

    /// Whether rows follow one another in equal steps.
    pub fn is_regular(self) -> bool {
        !matches!(self, Self::Irregular { .. })
    }
}

/// A time between two rows, in words.
fn duration(size: f64, calendar: bool) -> String {
    if !calendar {
        return size.to_string();
    }
    let units =
        [("day", 86_400e6), ("hour", 3_600e6), ("minute", 60e6), ("second", 1e6), ("millisecond", 1e3)];
    let exact = units.iter().find(|(_, unit)| size >= *unit && (size / unit * 100.0).fract() == 0.0);
    let near = || units.iter().find(|(_, unit)| size >= *unit);
    match exact.or_else(near) {
        Some((name, unit)) => {
            let count = (size / unit * 100.0).round() / 100.0;
            format!("{count} {name}{}", if count == 1.0 { "" } else { "s" })
        }
        None => format!("{size} microseconds"),
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fixed { size, calendar } => f.write_str(&duration(size, calendar)),
            Self::Months { count: 12, .. } => f.write_str("1 year"),
            Self::Months { count, .. } if count % 12 == 0 => write!(f, "{} years", count / 12),
            Self::Months { count: 1, .. } => f.write_str("1 month"),
            Self::Months { count, .. } => write!(f, "{count} months"),
            Self::Weekdays => f.write_str("1 day, without Saturdays and Sundays"),
            Self::Irregular { least, most, calendar } => {
                write!(f, "{} to {}", duration(least, calendar), duration(most, calendar))
            }
        }
    }
}

/// Rows in time order, each sequence by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// The row of the file at each step, from 0; `None` where it has none.
    pub rows: Vec<Option<usize>>,
    /// The time of each step.
    pub times: Vec<f64>,
    /// How many steps each sequence has.
    pub lengths: Vec<usize>,
    /// How the rows of the file stood.
    pub order: TimeOrder,
    /// What lies between two steps.
    pub step: Step,
    /// How many rows have the time of another row of their sequence.
    pub repeated: usize,
}

/// The largest number of steps without a row, for each row, that are made.
const MOST_EMPTY: usize = 2;

impl Timeline {
    /// The steps of rows, those of one label as one sequence, in the order in which sequences begin. Steps without a row are
    /// made where the step is regular. `line` is where a row stands in its file.
    ///
    /// # Errors
    ///
    /// [`Error::NoTime`] where a row has none.
    pub fn of(
        times: &Times,
        labels: Option<&[String]>,
        line: impl Fn(usize) -> usize,
    ) -> Result<Self, Error> {
        let values = &times.values;
        if let Some(row) = values.iter().position(|time| !time.is_finite()) {
            return Err(Error::NoTime { column: times.name.clone(), line: line(row) });
        }
        let (mut place, mut sequences) = (HashMap::new(), Vec::<Vec<usize>>::new());
        for row in 0..values.len() {
            let label = labels.map(|labels| labels[row].as_str());
            let at = *place.entry(label).or_insert_with(|| {
                sequences.push(Vec::new());
                sequences.len() - 1
            });
            sequences[at].push(row);
        }
        let pairs = |holds: fn(f64, f64) -> bool| {
            let of = |rows: &Vec<usize>| rows.is_sorted_by(|&a, &b| holds(values[a], values[b]));
            sequences.iter().all(of)
        };
        let order = match (pairs(|a, b| a <= b), pairs(|a, b| a >= b)) {
            (true, _) => TimeOrder::InOrder,
            (false, true) => TimeOrder::Reversed,
            (false, false) => TimeOrder::Mixed,
        };
        for rows in &mut sequences {
            if order == TimeOrder::Reversed {
                rows.reverse();
            }
            rows.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        }
        let ordered: Vec<Vec<f64>> =
            sequences.iter().map(|rows| rows.iter().map(|&row| values[row]).collect()).collect();
        let repeated =
            ordered.iter().flat_map(|times| times.windows(2)).filter(|pair| pair[0] == pair[1]).count();
        let mut step = step_of(&ordered, times.calendar);
        let missing = |step: Step| {
            let of = |times: &Vec<f64>| {
                times.windows(2).map(|pair| steps(step, pair[0], pair[1]) - 1).sum::<usize>()
            };
            ordered.iter().map(of).sum::<usize>()
        };
        if step.is_regular() && missing(step) > MOST_EMPTY * values.len() {
            step = irregular(&ordered, times.calendar);
        }
        let mut line =
            Self { rows: Vec::new(), times: Vec::new(), lengths: Vec::new(), order, step, repeated };
        for (rows, times) in sequences.iter().zip(&ordered) {
            let before = line.rows.len();
            for (at, (&row, &time)) in rows.iter().zip(times).enumerate() {
                if at > 0 && step.is_regular() {
                    for empty in 1..steps(step, times[at - 1], time) {
                        line.rows.push(None);
                        line.times.push(after(step, times[at - 1], empty));
                    }
                }
                line.rows.push(Some(row));
                line.times.push(time);
            }
            line.lengths.push(line.rows.len() - before);
        }
        Ok(line)
    }

    /// How many steps have no row.
    pub fn empty(&self) -> usize {
        self.rows.iter().filter(|row| row.is_none()).count()
    }

    /// The time that lies this many steps after a step, from 0; NaN where steps are irregular.
    ///
    /// # Panics
    ///
    /// If there is no such step.
    pub fn ahead(&self, step: usize, number: usize) -> f64 {
        after(self.step, self.times[step], number)
    }
}

fn irregular(sequences: &[Vec<f64>], calendar: bool) -> Step {
    let gaps = || sequences.iter().flat_map(|times| times.windows(2)).map(|pair| pair[1] - pair[0]);
    let (least, most) = (gaps().fold(f64::INFINITY, f64::min), gaps().fold(0.0, f64::max));
    Step::Irregular { least, most, calendar }
}

const DAY: f64 = 86_400e6;

/// The step that leads from each row to the next, once or some times; rows of one time have none.
fn step_of(sequences: &[Vec<f64>], calendar: bool) -> Step {
    let pairs = || sequences.iter().flat_map(|times| times.windows(2)).map(|pair| (pair[0], pair[1]));
    let gaps: Vec<f64> = pairs().map(|(a, b)| b - a).collect();
    let Some(least) = gaps.iter().copied().min_by(f64::total_cmp) else {
        return irregular(sequences, calendar);
    };
    let fixed = Step::Fixed { size: least, calendar };
    let weekend = || sequences.iter().flatten().any(|&time| time::weekday(time as i64) >= 6);
    let candidates = if calendar {
        let day = sequences.iter().flatten().map(|&time| time::day_of_month(time as i64)).max().unwrap_or(1);
        let between = |(a, b): (f64, f64)| time::months_between(a as i64, b as i64, day);
        let months = pairs().map(between).min().flatten().filter(|&count| count > 0);
        let months = months.map(|count| Step::Months { count, day });
        let weekdays = least == DAY && gaps.contains(&(3.0 * DAY)) && !weekend();
        [weekdays.then_some(Step::Weekdays), months, Some(fixed)]
    } else {
        [None, None, Some(fixed)]
    };
    let leads = |step: &Step| least > 0.0 && pairs().all(|(a, b)| steps(*step, a, b) > 0);
    candidates.into_iter().flatten().find(leads).unwrap_or_else(|| irregular(sequences, calendar))
}

/// How many steps lead from a time to a later one; 0 where none do exactly.
fn steps(step: Step, from: f64, to: f64) -> usize {
    let count = match step {
        Step::Fixed { size, .. } => ((to - from) / size).round(),
        Step::Months { count, day } => {
            time::months_between(from as i64, to as i64, day).map_or(0.0, |between| (between / count) as f64)
        }
        Step::Weekdays => {
            let days = ((to - from) / DAY).round();
            let ends = (f64::from(time::weekday(from as i64)) + days - 1.0).div_euclid(7.0);
            days - 2.0 * ends
        }
        Step::Irregular { .. } => 0.0,
    };
    if !(1.0..=1e9).contains(&count) {
        return 0;
    }
    // What is written with few digits adds up to steps that differ in the last ones.
    let tolerance = match step {
        Step::Fixed { size, calendar: false } => 1e-6 * size * count.min(1e3),
        _ => 0.0,
    };
    let exact = (after(step, from, count as usize) - to).abs() <= tolerance;
    if exact { count as usize } else { 0 }
}

/// The time that lies this many steps after another.
fn after(step: Step, from: f64, number: usize) -> f64 {
    match step {
        Step::Fixed { size, .. } => from + number as f64 * size,
        Step::Months { count, day } => time::months_later(
            from as i64,
            count.saturating_mul(i64::try_from(number).unwrap_or(i64::MAX)),
            day,
        )
        .map_or(f64::NAN, |later| later as f64),
        Step::Weekdays => {
            let of_week = f64::from(time::weekday(from as i64)) - 1.0;
            let ends = ((of_week + number as f64) / 5.0).floor();
            from + (number as f64 + 2.0 * ends) * DAY
        }
        Step::Irregular { .. } => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse;

    fn line(cells: &[&str], labels: Option<&[&str]>) -> Result<(Times, Timeline), Error> {
        let time = |cell: &&str| parse(cell).map_or(f64::NAN, |instant| instant as f64);
        let times = Times { name: "when".into(), values: cells.iter().map(time).collect(), calendar: true };
        let labels = labels.map(|labels| labels.iter().map(|&label| label.into()).collect::<Vec<String>>());
        let line = Timeline::of(&times, labels.as_deref(), |row| row + 2)?;
        Ok((times, line))
    }

    /// The step in words, the rows from 0 with a dot for none, and the next two times.
    fn told(cells: &[&str]) -> (String, String, String) {
        let (times, line) = line(cells, None).unwrap();
        let rows = line.rows.iter().map(|row| row.map_or(".".into(), |row| row.to_string()));
        let last = line.rows.len() - 1;
        let ahead = [1, 2].map(|number| times.text(line.ahead(last, number)));
        (line.step.to_string(), rows.collect::<Vec<String>>().join(" "), ahead.join(" "))
    }

    fn expect(cells: &[&str], step: &str, rows: &str, ahead: &str) {
        assert_eq!(told(cells), (step.into(), rows.into(), ahead.into()), "{cells:?}");
    }

    #[test]
    fn the_calendar_tells_the_step_and_what_is_missing() {
        expect(&["2024-02-27", "2024-02-28", "2024-03-01"], "1 day", "0 1 . 2", "2024-03-02 2024-03-03");
        expect(
            &["2024-01-05", "2024-01-08", "2024-01-09", "2024-01-11"],
            "1 day, without Saturdays and Sundays",
            "0 1 2 . 3",
            "2024-01-12 2024-01-15",
        );
        expect(
            &["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"],
            "1 month",
            "0 1 2 3",
            "2024-04-30 2024-05-31",
        );
        expect(&["2023-01-28", "2023-02-28", "2023-03-28"], "1 month", "0 1 2", "2023-04-28 2023-05-28");
        expect(&["2023-01-30", "2023-02-28", "2023-03-30"], "1 month", "0 1 2", "2023-04-30 2023-05-30");
        expect(&["2023-01-01", "2023-04-01", "2023-10-01"], "3 months", "0 1 . 2", "2024-01-01 2024-04-01");
        expect(&["1871-01-01", "1872-01-01", "1874-01-01"], "1 year", "0 1 . 2", "1875-01-01 1876-01-01");
        expect(
            &["2024-02-28 23:00", "2024-02-29 00:00", "2024-02-29 01:00"],
            "1 hour",
            "0 1 2",
            "2024-02-29T02:00:00 2024-02-29T03:00:00",
        );
        expect(&["2024-01-01", "2024-01-08", "2024-01-22"], "7 days", "0 1 . 2", "2024-01-29 2024-02-05");
    }

    #[test]
    fn rows_are_brought_to_time_order() {
        let (_, reversed) = line(&["2024-01-03", "2024-01-02", "2024-01-01"], None).unwrap();
        assert_eq!(
            (reversed.order, &reversed.rows[..]),
            (TimeOrder::Reversed, &[Some(2), Some(1), Some(0)][..])
        );
        let (_, mixed) = line(&["2024-01-02", "2024-01-03", "2024-01-01"], None).unwrap();
        assert_eq!((mixed.order, &mixed.rows[..]), (TimeOrder::Mixed, &[Some(2), Some(0), Some(1)][..]));
        // Sequences may stand in any order, each has its own gaps, and rows of one time stay as they stood.
        let days = ["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-03"];
        let (_, two) = line(&days, Some(&["a", "b", "a", "b"])).unwrap();
        assert_eq!(two.rows, [Some(0), Some(2), Some(1), None, Some(3)]);
        assert_eq!((two.order, two.lengths, two.repeated), (TimeOrder::InOrder, vec![2, 3], 0));
        let (_, twice) = line(&["2024-01-02", "2024-01-02", "2024-01-01"], None).unwrap();
        assert_eq!((twice.rows, twice.repeated), (vec![Some(2), Some(1), Some(0)], 1));
        assert!(!twice.step.is_regular());
    }

    #[test]
    fn what_has_no_step_is_said_and_left_as_it_is() {
        let (times, odd) = line(&["2024-01-01", "2024-01-02", "2024-01-02 07:30"], None).unwrap();
        assert_eq!((odd.step.to_string(), odd.empty()), ("7.5 hours to 1 day".into(), 0));
        assert_eq!(times.text(odd.ahead(2, 1)), "");
        // A century without rows between two days is no gap to be filled.
        let (_, far) = line(&["1924-01-01", "1924-01-02", "2024-01-01"], None).unwrap();
        assert_eq!((far.empty(), far.step.is_regular()), (0, false));
        let Err(Error::NoTime { line: 3, column }) = line(&["2024-01-01", ""], None) else {
            panic!("no time")
        };
        assert_eq!(column, "when");
        let (_, one) = line(&["2024-01-01"], None).unwrap();
        assert_eq!((one.lengths, one.step.is_regular()), (vec![1], false));
    }

    #[test]
    fn days_of_one_month_are_no_months_apart() {
        // The first is on none of the days that the later ones share.
        for cells in [&["2024-01-05", "2024-01-20"][..], &["2024-01-05", "2024-01-31", "2024-02-29"]] {
            let (_, line) = line(cells, None).unwrap();
            assert!(!matches!(line.step, Step::Months { .. }) && line.empty() == 0, "{:?}", line.step);
        }
    }

    #[test]
    fn what_is_beyond_the_calendar_has_no_time() {
        for cells in
            [["2023-01-31", "2023-02-28"], ["2023-01-01", "2024-01-01"], ["2024-01-05", "2024-01-08"]]
        {
            let (times, line) = line(&cells, None).unwrap();
            for number in [1_000_000, usize::MAX] {
                let text = times.text(line.ahead(1, number));
                assert!(text.parse::<f64>().is_ok() || text.is_empty(), "{text}");
            }
        }
    }

    #[test]
    fn numbers_may_be_months() {
        let numbers = |last: f64| Times::of_numbers("month", vec![202_311.0, 202_312.0, 202_401.0, last]);
        let months = numbers(202_402.0);
        let line = Timeline::of(&months, None, |row| row).unwrap();
        assert_eq!(
            (line.step.to_string(), months.text(months.values[3])),
            ("1 month".into(), "2024-02-01".into())
        );
        assert_eq!((numbers(202_413.0).calendar, numbers(202_413.0).odd_day()), (false, Some(3)));
        let years = Times::of_numbers("year", vec![1999.0, 2000.0, 2001.0]);
        assert_eq!((years.calendar, years.odd_day()), (false, None));
    }

    #[test]
    fn numbers_are_times_too() {
        let times = Times { name: "t".into(), values: vec![0.1, 0.2, 0.3, 0.5, 0.7, 0.8], calendar: false };
        let line = Timeline::of(&times, None, |row| row).unwrap();
        assert_eq!((line.rows.len(), line.empty()), (8, 2));
        assert!((line.ahead(7, 1) - 0.9).abs() < 1e-12);
        let years = Times { name: "year".into(), values: vec![1871.0, 1872.0, 1874.0], calendar: false };
        let line = Timeline::of(&years, None, |row| row).unwrap();
        assert_eq!((line.empty(), line.ahead(3, 2), line.step.to_string().as_str()), (1, 1876.0, "1"));
    }
}
