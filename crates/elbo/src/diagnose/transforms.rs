//! Whether rows are such as a model says, by their probability integral transforms.
//!
//! With u = F(x) of each cell given those before it, under the model, all u are uniform on (0, 1) and independent of one
//! another, and of all else that was known (Rosenblatt 1952). Neyman's smooth test looks for what is not: of the orthonormal
//! Legendre polynomials π_j on (0, 1), b_j = mean π_j(u) is about N(0, 1/N) if the model is right, and n Σ b² of m of
//! them is χ²_m. ½ Σ b² is to first order what a row's log density gains by the density 1 + Σ b_j π_j(u): what p(x) loses, in
//! nats, of what these polynomials see.
//!
//! Products π_i(u) π_j(v) look for dependence in the same way, of the ranks of u and v: a column of another shape than the
//! model says depends on nothing by that, and where nothing depends, any order of the ranks is as probable. Products π_1 of three
//! columns look for what no two of them show, as that one is the parity of two others.
//!
//! Neyman, *Smooth test for goodness of fit* (1937); Rayner, Thas and Best, *Smooth Tests of Goodness of Fit* (2009). Of
//! discrete cells u is drawn between F(x−) and F(x) (Dunn and Smyth 1996).

use serde::{Deserialize, Serialize};

use crate::{
    special::{ln_gamma, normal_quantile},
    terms::Mean,
};

/// Polynomials of a cell by itself, and of each of two.
const SHAPE: usize = 4;
const PAIR: usize = 2;
/// Columns of which each two are compared, at most, and each three.
const PAIRED: usize = 24;
const IN_THREES: usize = 12;
/// Rows that follow one another are compared up to so many steps apart.
const LAGS: usize = 10;
/// By how many steps rows are followed where they depend on one another.
const FOLLOWED: usize = 100;
/// Rows from which tests have any power.
const LEAST: usize = 20;

/// u of N rows, in their order, and what they are of.
#[derive(Clone, Debug, Default)]
pub struct Transforms {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// u, `[N, D]`; NaN where nothing was seen.
    pub values: Vec<f64>,
    /// How many rows each row stands for; if open, one.
    pub weights: Option<Vec<f64>>,
    /// The lengths of sequences whose rows follow one another by the model; of rows in no order none.
    pub lengths: Vec<usize>,
    /// What else was known of each row: a name, and a number for each row, of which the order counts.
    pub given: Vec<(String, Vec<f64>)>,
}

/// What the tests say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transformed {
    /// How many rows, the sum of their weights.
    pub rows: usize,
    /// Of how many columns.
    pub columns: usize,
    /// How many tests.
    pub tests: usize,
    /// The least probability of a test under the model, times the number of tests.
    pub probability: f64,
    /// What p(x) loses by what was seen, in nats a row, and the standard error that this has if the model is right.
    pub lost: Mean,
    /// What is farthest from what the model says.
    pub worst: String,
    /// Of which kind that is.
    #[serde(default)]
    pub departure: Departure,
    /// The column that it is of, where it is of one by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// In which way rows are not such as a model says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Departure {
    /// A column lies elsewhere, or is of another width or another shape.
    #[default]
    Shape,
    /// A column is skewed.
    Skew,
    /// A column has more in its tails.
    Tails,
    /// Columns depend on each other, or on what else is known of a row.
    Columns,
    /// Rows depend on those before them.
    Order,
}

/// A group of coefficients.
struct Test {
    what: String,
    /// The column, of one by itself.
    column: Option<String>,
    departure: Departure,
    /// How many columns, or rows of one, it looks at together.
    together: usize,
    /// m.
    number: usize,
    /// Σ b², and 1/N times the m.
    squares: f64,
    expected: f64,
    probability: f64,
    /// Whether another test looks at the same.
    again: bool,
}

impl Transforms {
    /// The tests; `None` of fewer than 20 rows, each as often as its weight says.
    ///
    /// ```
    /// use elbo::diagnose::Transforms;
    /// let even = |i: u32| (f64::from(i * 377 % 1000) + 0.5) / 1000.0;
    /// let of = |values: Vec<f64>| Transforms { columns: vec!["x".into()], values, ..Transforms::default() };
    /// let right = of((0..1000).map(even).collect()).test().unwrap();
    /// assert!(right.probability > 0.1 && right.lost.value < 0.01);
    /// // All values in the middle half: p(x) is too wide by a factor of 2, which costs log 2.
    /// let wide = of((0..1000).map(|i| 0.25 + 0.5 * even(i)).collect()).test().unwrap();
    /// assert!(wide.probability < 1e-9 && wide.lost.value > 0.4);
    /// assert!(wide.worst.contains("`x`") && wide.worst.contains("narrower"));
    /// ```
    pub fn test(&self) -> Option<Transformed> {
        let width = self.columns.len();
        let weights = self.weights.clone().unwrap_or_else(|| vec![1.0; self.values.len() / width.max(1)]);
        // A row of weight 3 is three rows.
        let rows = weights.iter().sum::<f64>();
        if rows < LEAST as f64 {
            return None;
        }
        let scored = |values: &[f64]| Scores::of(values, &weights);
        let columns: Vec<Vec<f64>> = (0..width).map(|d| self.column(d)).collect();
        let scores: Vec<Scores> = columns.iter().map(|u| scored(u)).collect();
        let given: Vec<(&String, Scores)> =
            self.given.iter().map(|(of, given)| (of, scored(given))).collect();
        let mut tests = Vec::new();
        for (d, u) in columns.iter().enumerate() {
            let (name, own) = (&self.columns[d], &scores[d]);
            tests.extend(shape(name, u, &weights));
            tests.extend(moments(name, u, &weights));
            tests.extend(lagged(name, own, &self.lengths));
            let step = width.div_ceil(PAIRED).max(1);
            for e in (0..d).step_by(step).filter(|_| d.is_multiple_of(step)) {
                let what =
                    format!("columns `{}` and `{name}` depend on each other otherwise", self.columns[e]);
                tests.extend(dependence(what, &scores[e], own, &weights));
            }
            for (of, given) in &given {
                let what = format!("`{name}` depends on {of} otherwise");
                tests.extend(dependence(what, own, given, &weights));
            }
        }
        tests.extend(self.in_threes(&scores, &given, &weights));
        summary([rows.round() as usize, width], &tests)
    }

    /// Each three columns, and each column with two of what is given.
    fn in_threes(&self, scores: &[Scores], given: &[(&String, Scores)], weights: &[f64]) -> Vec<Test> {
        let few = |number: usize| (0..number).step_by(number.div_ceil(IN_THREES).max(1)).collect::<Vec<_>>();
        let (columns, known) = (few(scores.len()), few(given.len()));
        let mut tests = Vec::new();
        for (place, &d) in columns.iter().enumerate() {
            for (between, &e) in columns[..place].iter().enumerate() {
                let both = scores[e].times(&scores[d], weights);
                for &f in &columns[..between] {
                    let [a, b, c] = [f, e, d].map(|column| &self.columns[column]);
                    let what = format!("columns `{a}`, `{b}` and `{c}` depend on each other otherwise");
                    tests.extend(interaction(what, &scores[f], &both, weights));
                }
            }
        }
        for (place, &g) in known.iter().enumerate() {
            for &h in &known[..place] {
                let both = given[h].1.times(&given[g].1, weights);
                for &d in &columns {
                    let (name, [a, b]) = (&self.columns[d], [h, g].map(|of| given[of].0));
                    let what = format!("`{name}` depends on {a} and {b} together otherwise");
                    tests.extend(interaction(what, &scores[d], &both, weights));
                }
            }
        }
        tests
    }

    /// Whether rows depend on those before them, of a model to which their order says nothing; `None` where rows stand for
    /// several, which have no order of their own.
    pub fn test_order(&self) -> Option<Transformed> {
        if self.weights.is_some() {
            return None;
        }
        let width = self.columns.len();
        let rows = self.values.len() / width.max(1);
        let test = |(d, name): (usize, &String)| {
            let u = self.column(d);
            lagged(name, &Scores::of(&u, &vec![1.0; rows]), &[rows])
        };
        summary([rows, width], &self.columns.iter().enumerate().filter_map(test).collect::<Vec<_>>())
    }

    /// The factor by which the standard deviations of means, or of coefficients of what is given, are larger than of independent
    /// rows, where rows follow one another as they are seen to, the largest: √(1 + 2 Σ ρ_u(h) ρ_x(h)) over the steps h up to the
    /// first without a ρ_u > 0, with x alike for a mean; 1 where none is larger (Bartlett 1935). Of one column.
    ///
    /// ```
    /// use elbo::diagnose::Transforms;
    /// // Each value five times in a row: a mean of 125 rows is known about as well as by 25.
    /// let values = (0..125).map(|n| (f64::from(n / 5 * 6 % 25) + 0.5) / 25.0).collect();
    /// let of = Transforms { columns: vec!["x".into()], values, ..Transforms::default() };
    /// assert!((of.widened() - 5f64.sqrt()).abs() < 0.2);
    /// ```
    pub fn widened(&self) -> f64 {
        let rows = self.values.len();
        let scores = |values: &[f64]| {
            let Scores([score, _]) = Scores::of(values, &vec![1.0; rows]);
            score
        };
        let own = scores(&self.values);
        let with: Vec<Vec<f64>> = self.given.iter().map(|(_, given)| scores(given)).collect();
        let along = |score: &[f64], lag: usize| {
            let mut sum = Sum::default();
            score.iter().zip(&score[lag..]).for_each(|(before, after)| sum.add(1.0, before * after));
            sum.mean()
        };
        let lags = (1..=FOLLOWED.min(rows / 4)).map(|lag| (lag, along(&own, lag)));
        let lags: Vec<(usize, f64)> = lags.take_while(|(_, of)| *of > 0.0).collect();
        let sum = |of: &dyn Fn(usize) -> f64| lags.iter().map(|&(lag, own)| own * of(lag)).sum::<f64>();
        let of_given = with.iter().map(|given| sum(&|lag| along(given, lag)));
        let most = of_given.chain([sum(&|_| 1.0)]).fold(0.0, f64::max);
        (1.0 + 2.0 * most).sqrt()
    }

    /// u of a column.
    fn column(&self, d: usize) -> Vec<f64> {
        self.values.iter().skip(d).step_by(self.columns.len()).copied().collect()
    }
}

/// π_1 and π_2 of the ranks of numbers, orthonormal over them where some are alike; NaN where nothing is seen, and of what
/// numbers of one or two values have no second of.
struct Scores([Vec<f64>; PAIR]);

impl Scores {
    fn of(values: &[f64], weights: &[f64]) -> Self {
        let ranks = ranks(values, weights);
        let mean = |score: &[f64], other: &dyn Fn(usize) -> f64| {
            let mut sum = Sum::default();
            (0..score.len()).for_each(|n| sum.add(weights[n], score[n] * other(n)));
            sum.mean()
        };
        let mut all: [Vec<f64>; PAIR] =
            std::array::from_fn(|degree| ranks.iter().map(|&u| legendre(u)[degree]).collect());
        for degree in 0..PAIR {
            let (before, rest) = all.split_at_mut(degree);
            let score = &mut rest[0];
            let centre = mean(score, &|_| 1.0);
            for score in score.iter_mut() {
                *score -= centre;
            }
            for before in before.iter().filter(|before| before.iter().any(|score| !score.is_nan())) {
                let along = mean(score, &|n| before[n]);
                score.iter_mut().zip(before).for_each(|(score, before)| *score -= along * before);
            }
            let size = mean(score, &|n| score[n]).sqrt();
            let unit = if size > 1e-6 { size.recip() } else { f64::NAN };
            for score in score.iter_mut() {
                *score *= unit;
            }
        }
        Self(all)
    }

    /// The products of π_1 of both, with a mean of 0 and a variance of 1; NaN of products that are all alike.
    fn times(&self, other: &Self, weights: &[f64]) -> Vec<f64> {
        let mut products: Vec<f64> = self.0[0].iter().zip(&other.0[0]).map(|(a, b)| a * b).collect();
        let mean = |products: &[f64], power: i32| {
            let mut sum = Sum::default();
            products.iter().zip(weights).for_each(|(product, &weight)| sum.add(weight, product.powi(power)));
            sum.mean()
        };
        let centre = mean(&products, 1);
        for product in &mut products {
            *product -= centre;
        }
        let size = mean(&products, 2).sqrt();
        let unit = if size > 1e-6 { size.recip() } else { f64::NAN };
        for product in &mut products {
            *product *= unit;
        }
        products
    }
}

/// Rows that follow one another, in sequences of these lengths.
fn lagged(name: &str, Scores([score, square]): &Scores, lengths: &[usize]) -> Option<Test> {
    let most = LAGS.min(score.len() / 5).min(lengths.iter().copied().max()?.saturating_sub(1));
    let mut sums = vec![Sum::default(); most + 1];
    let mut first = 0;
    for &length in lengths {
        let of = first..first + length;
        for lag in 1..=most.min(length.saturating_sub(1)) {
            let pairs = |of: &[f64], sum: &mut Sum| {
                of.iter().zip(&of[lag..]).for_each(|(before, after)| sum.add(1.0, before * after));
            };
            pairs(&score[of.clone()], &mut sums[lag - 1]);
            if lag == 1 {
                pairs(&square[of.clone()], &mut sums[most]);
            }
        }
        first += length;
    }
    let next = sums.first()?.mean();
    let alternate = next < 0.0 && sums.iter().all(|sum| sum.mean().abs() <= -next);
    let what = if alternate {
        format!("high and low values of `{name}` follow one another more often")
    } else {
        format!("rows of `{name}` depend on those before them otherwise")
    };
    Test::of(Departure::Order, what, &sums)
}

/// What tests say together. Of right models no more are refused than the probability says (Bonferroni 1936): one half of it is
/// for the columns by themselves, a quarter for what depends, and a quarter for the sum of all, each shared by its tests. Of what
/// depends, a quarter is for three together.
fn summary([rows, columns]: [usize; 2], tests: &[Test]) -> Option<Transformed> {
    let least = tests.iter().min_by(|a, b| a.probability.total_cmp(&b.probability))?;
    let sum = |of: fn(&Test) -> f64| tests.iter().map(of).sum::<f64>();
    let all = 0.5 * sum(|test| test.squares - test.expected);
    let one = 0.5 * (least.squares - least.expected);
    // If the model is right each b² has a variance of 2/N².
    let variance = sum(|test| 2.0 * test.expected * test.expected / test.number as f64);
    let lost = Mean { value: all.max(one), standard_error: 0.5 * variance.sqrt() };
    let among = |together: usize| {
        let of: Vec<f64> =
            tests.iter().filter(|test| test.together == together).map(|test| test.probability).collect();
        of.iter().copied().reduce(f64::min).map(|least| least * of.len() as f64)
    };
    let pairs = match (among(2), among(3)) {
        (Some(pairs), Some(threes)) => Some((pairs / 0.75).min(threes / 0.25)),
        (pairs, _) => pairs,
    };
    let probability = match (among(1), pairs) {
        (Some(own), Some(pairs)) => (2.0 * own).min(4.0 * pairs).min(4.0 * of_sum(tests)),
        (own, pairs) => own.into_iter().chain(pairs).fold(f64::NAN, f64::min),
    };
    let probability = if probability.is_nan() { probability } else { probability.min(1.0) };
    let Test { what, column, departure, .. } = least;
    let (worst, column, departure) = (what.clone(), column.clone(), *departure);
    Some(Transformed { rows, columns, tests: tests.len(), probability, lost, worst, departure, column })
}

/// The probability of the sum of squares of those tests that do not look at the same: as of a multiple of χ² with the same mean
/// and variance (Satterthwaite 1946), by the cube root of which Wilson and Hilferty (1931) found it nearly normal.
fn of_sum(tests: &[Test]) -> f64 {
    let sum = |of: fn(&Test) -> f64| tests.iter().filter(|test| !test.again).map(of).sum::<f64>();
    let (squares, mean) = (sum(|test| test.squares), sum(|test| test.expected));
    let variance = sum(|test| 2.0 * test.expected * test.expected / test.number as f64);
    let spread = variance / (9.0 * mean * mean);
    let z = (libm::cbrt(squares / mean) - 1.0 + spread) / spread.sqrt();
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

/// The shape of a column.
fn shape(name: &str, u: &[f64], weights: &[f64]) -> Option<Test> {
    let mut sums = vec![Sum::default(); SHAPE];
    for (&u, &weight) in u.iter().zip(weights) {
        sums.iter_mut().zip(legendre(u)).for_each(|(sum, value)| sum.add(weight, value));
    }
    let size = |j: &usize| sums[*j].mean().abs();
    let largest = (0..SHAPE).max_by(|a, b| size(a).total_cmp(&size(b)))?;
    let (how, departure) = match (largest, sums[largest].mean() > 0.0) {
        (0, true) => ("lies higher", Departure::Shape),
        (0, false) => ("lies lower", Departure::Shape),
        (1, true) => ("is wider", Departure::Shape),
        (1, false) => ("is narrower", Departure::Shape),
        (2, _) => ("is skewed otherwise", Departure::Skew),
        (_, true) => ("has more in its tails and its middle", Departure::Tails),
        (_, false) => ("has less in its tails and its middle", Departure::Shape),
    };
    let test = Test::of(departure, format!("column `{name}` {how}"), &sums)?;
    Some(Test { column: Some(name.into()), ..test })
}

/// The kurtosis of the normal scores, to which single values far out tell the most, as N(0, 1) if the model is right (Anscombe and
/// Glynn 1983): of values far out alone, which are what costs.
fn moments(name: &str, u: &[f64], weights: &[f64]) -> Option<Test> {
    let score = |u: f64| normal_quantile(u.clamp(1e-15, 1.0 - 1e-15));
    let z: Vec<(f64, f64)> =
        weights.iter().zip(u).filter(|(_, u)| !u.is_nan()).map(|(&weight, &u)| (weight, score(u))).collect();
    let n: f64 = z.iter().map(|(weight, _)| weight).sum();
    if n < LEAST as f64 {
        return None;
    }
    let mean = z.iter().map(|(weight, z)| weight * z).sum::<f64>() / n;
    let moment = |power: i32| z.iter().map(|(weight, z)| weight * (z - mean).powi(power)).sum::<f64>() / n;
    let variance = moment(2);
    // Of scores that are all alike there are no such moments; that they are, the shape tells.
    if variance < 1e-12 {
        return None;
    }
    let (skewness, kurtosis) = (moment(3) / variance.powf(1.5), moment(4) / (variance * variance));
    // What is far out has great moments: its logarithm tells the nats that it costs.
    let squares = 0.5 * (skewness.powi(2) / 3.0 + (kurtosis - 3.0).powi(2) / 12.0).ln_1p();
    // Of an exponential tail there is 1.5 times as much, of Student's t more.
    let is_skewed = kurtosis - 3.0 < 2.0 * skewness * skewness;
    let departure = if is_skewed { Departure::Skew } else { Departure::Tails };
    Some(Test {
        what: format!("column `{name}` has more far out"),
        column: Some(name.into()),
        departure,
        together: 1,
        again: true,
        number: 2,
        squares,
        expected: 2.0 / n,
        probability: 0.5 * libm::erfc(of_kurtosis(kurtosis, n) / std::f64::consts::SQRT_2),
    })
}

/// The kurtosis of n normal values as N(0, 1).
fn of_kurtosis(kurtosis: f64, n: f64) -> f64 {
    let mean = 3.0 * (n - 1.0) / (n + 1.0);
    let variance = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0).powi(2) * (n + 3.0) * (n + 5.0));
    let x = (kurtosis - mean) / variance.sqrt();
    let third = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
        * (6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0))).sqrt();
    let a = 6.0 + 8.0 / third * (2.0 / third + (1.0 + 4.0 / (third * third)).sqrt());
    let below = 1.0 + x * (2.0 / (a - 4.0)).sqrt();
    // As little as of two values: the approximation has no such.
    if below <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let root = (1.0 - 2.0 / a) / below;
    (1.0 - 2.0 / (9.0 * a) - libm::cbrt(root)) / (2.0 / (9.0 * a)).sqrt()
}

/// Whether two numbers of a row, both uniform, have to do with each other.
fn dependence(what: String, Scores(u): &Scores, Scores(v): &Scores, weights: &[f64]) -> Option<Test> {
    let mut sums = vec![Sum::default(); PAIR * PAIR];
    for (place, sum) in sums.iter_mut().enumerate() {
        for ((u, v), &weight) in u[place / PAIR].iter().zip(&v[place % PAIR]).zip(weights) {
            sum.add(weight, u * v);
        }
    }
    Test::of(Departure::Columns, what, &sums)
}

/// Whether a column has to do with the product of two others, or with what is given: both have a mean of 0 and a variance of 1.
fn interaction(what: String, Scores([u, _]): &Scores, both: &[f64], weights: &[f64]) -> Option<Test> {
    let mut sum = Sum::default();
    u.iter().zip(both).zip(weights).for_each(|((u, both), &weight)| sum.add(weight, u * both));
    Some(Test { together: 3, ..Test::of(Departure::Columns, what, &[sum])? })
}

/// (rank − ½)/N of each number; NaN of one that is not seen.
fn ranks(values: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut seen: Vec<(f64, f64)> =
        values.iter().copied().zip(weights.iter().copied()).filter(|(x, _)| !x.is_nan()).collect();
    seen.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let upto: Vec<f64> = [0.0]
        .into_iter()
        .chain(seen.iter().scan(0.0, |sum, (_, weight)| {
            *sum += weight;
            Some(*sum)
        }))
        .collect();
    let rank = |x: f64| {
        let (first, next) = (seen.partition_point(|y| y.0 < x), seen.partition_point(|y| y.0 <= x));
        0.5 * (upto[first] + upto[next]) / upto[seen.len()]
    };
    values.iter().map(|&x| if x.is_nan() { x } else { rank(x) }).collect()
}

/// The polynomials of degree 1 to 4, orthonormal on (0, 1).
fn legendre(u: f64) -> [f64; SHAPE] {
    let x = 2.0 * u - 1.0;
    let x2 = x * x;
    [
        3f64.sqrt() * x,
        5f64.sqrt() * 0.5 * (3.0 * x2 - 1.0),
        7f64.sqrt() * 0.5 * x * (5.0 * x2 - 3.0),
        3.0 * 0.125 * (35.0 * x2 * x2 - 30.0 * x2 + 3.0),
    ]
}

/// A mean that leaves NaN out.
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: f64,
    count: f64,
}

impl Sum {
    fn add(&mut self, weight: f64, value: f64) {
        if !value.is_nan() {
            self.sum += weight * value;
            self.count += weight;
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.count.max(1.0)
    }
}

impl Test {
    /// Of means of which each is about N(0, 1/N).
    fn of(departure: Departure, what: String, sums: &[Sum]) -> Option<Self> {
        let used: Vec<&Sum> = sums.iter().filter(|sum| sum.count >= LEAST as f64).collect();
        // Of ranks in any order the variance is 1/(N − 1).
        let number = |sum: &Sum| if departure == Departure::Columns { sum.count - 1.0 } else { sum.count };
        let statistic = used.iter().map(|sum| number(sum) * sum.mean().powi(2)).sum();
        (!used.is_empty()).then(|| Self {
            what,
            column: None,
            departure,
            together: if matches!(departure, Departure::Columns | Departure::Order) { 2 } else { 1 },
            again: false,
            number: used.len(),
            squares: used.iter().map(|sum| sum.mean().powi(2)).sum(),
            expected: used.iter().map(|sum| number(sum).recip()).sum(),
            probability: beyond(statistic, used.len()),
        })
    }
}

/// P(χ²_m > x): erfc √(x/2) of one degree of freedom, e^(−x/2) of two, and of two more (x/2)^(m/2) e^(−x/2)/Γ(m/2 + 1) more.
fn beyond(x: f64, freedom: usize) -> f64 {
    let half = 0.5 * x;
    let first = if freedom % 2 == 1 { libm::erfc(half.sqrt()) } else { libm::exp(-half) };
    let more = |m: usize| {
        let power = 0.5 * m as f64;
        libm::exp(power * libm::log(half) - half - ln_gamma(power + 1.0))
    };
    first + (2 - freedom % 2..freedom).step_by(2).map(more).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;

    /// 95 % points of χ² with 1, 2, 4 and 11 degrees of freedom, of tables.
    #[test]
    fn tails_of_chi_squared_are_the_known_ones() {
        for (x, freedom) in [(3.8415, 1), (5.9915, 2), (9.4877, 4), (19.6751, 11)] {
            assert!((beyond(x, freedom) - 0.05).abs() < 2e-5, "{freedom}: {}", beyond(x, freedom));
        }
    }

    /// Of 2,000 samples of 50 normal values 5 % are beyond 1.645, as of N(0, 1): between 3.5 % and 6.5 %, three standard errors.
    #[test]
    fn kurtosis_is_as_a_normal_value() {
        let mut beyond = 0;
        for seed in 0..2000 {
            let mut z = vec![0.0; 50];
            Key::new(seed).normals(0, &mut z);
            let mean = z.iter().sum::<f64>() / 50.0;
            let moment = |power: i32| z.iter().map(|z| (z - mean).powi(power)).sum::<f64>() / 50.0;
            beyond += usize::from(of_kurtosis(moment(4) / moment(2).powi(2), 50.0) > 1.645);
        }
        assert!((70..=130).contains(&beyond), "{beyond}");
    }

    /// Two values that are alike often have nothing far out.
    #[test]
    fn two_modes_have_nothing_far_out() {
        for n in [20.0, 60.0, 300.0, 1e5] {
            assert!(of_kurtosis(1.0, n) < -1.9, "{n}: {}", of_kurtosis(1.0, n));
            assert!(of_kurtosis(9.0, n) > 3.0, "{n}: {}", of_kurtosis(9.0, n));
        }
    }

    /// Of uniform and independent u few tests fail: of 1,000 tables 5 % at most have a probability below 0.05, here up to 7.1 %,
    /// three standard errors, and not much fewer, here 1.5 % at least.
    #[test]
    fn right_models_are_seldom_refused() {
        for (width, rows, given) in
            [(1, 60, 0), (1, 100, 6), (2, 100, 0), (3, 60, 0), (8, 300, 0), (24, 300, 0)]
        {
            let mut refused = 0;
            for seed in 0..1000 {
                let mut u = vec![0.0f32; (width + given) * rows];
                Key::new(seed).uniforms(0, &mut u);
                let mut values: Vec<f64> = u.iter().map(|&u| u.into()).collect();
                let known = values.split_off(width * rows);
                let columns = (0..width).map(|d| d.to_string()).collect();
                // Columns of numbers, and of two values.
                let of = |g: usize, x: f64| if g.is_multiple_of(2) { x } else { (x + 0.3).floor() };
                let given = known.chunks(rows).enumerate();
                let given =
                    given.map(|(g, x)| (g.to_string(), x.iter().map(|&x| of(g, x)).collect())).collect();
                let of = Transforms { columns, values, lengths: vec![rows], given, ..Transforms::default() };
                refused += usize::from(of.test().unwrap().probability < 0.05);
            }
            assert!((15..=71).contains(&refused), "{width} columns of {rows} rows: {refused}");
        }
    }

    /// u that follow one another, u of two columns that go together, and a spread that grows with what is given.
    #[test]
    fn dependence_is_seen_where_it_is() {
        let mut z = vec![0.0; 800];
        Key::new(5).normals(0, &mut z);
        let phi = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
        let told = |of: &Transforms| {
            let test = of.test().unwrap();
            assert!(test.probability < 1e-4 && test.lost.value > 0.03, "{test:?}");
            test.worst
        };
        let chain: Vec<f64> = z
            .iter()
            .scan(0.0, |last, e| {
                *last = 0.5 * *last + 0.75f64.sqrt() * e;
                Some(phi(*last))
            })
            .collect();
        let mut of = Transforms { columns: vec!["a".into()], values: chain, ..Transforms::default() };
        assert!(of.test().unwrap().lost.value < 0.02, "rows in no order");
        of.lengths = vec![800];
        assert_eq!(told(&of), "rows of `a` depend on those before them otherwise");
        let together =
            z.chunks(2).flat_map(|z| [phi(z[0]), phi(0.5 * z[0] + 0.75f64.sqrt() * z[1])]).collect();
        let of =
            Transforms { columns: vec!["a".into(), "b".into()], values: together, ..Transforms::default() };
        assert_eq!(told(&of), "columns `a` and `b` depend on each other otherwise");
        let given: Vec<f64> = (0..800).map(f64::from).collect();
        let values = z.iter().zip(&given).map(|(z, x)| phi(z * (0.4 + x / 500.0))).collect();
        let given = vec![("the column `x`".into(), given)];
        let of = Transforms { columns: vec!["a".into()], values, given, ..Transforms::default() };
        assert_eq!(told(&of), "`a` depends on the column `x` otherwise");
    }

    /// Of three columns of which any two are independent one is the parity of the others, or its sign that of their product: b of
    /// the π_1 is (√3/2)³ of the parity, for u is drawn within the halves, so that ½ b² is 0.211 nats of the log 2 that is lost.
    /// A column by itself depends so on what is given.
    #[test]
    fn what_three_columns_show_together_is_seen() {
        let mut u = vec![0.0f32; 6000];
        Key::new(6).uniforms(0, &mut u);
        let of_three = |row: &[f32]| {
            let [a, b, within] = [row[0], row[1], row[2]].map(f64::from);
            [a, b, 0.5 * (within + f64::from((a < 0.5) ^ (b < 0.5)))]
        };
        let rows: Vec<[f64; 3]> = u.chunks(3).map(of_three).collect();
        let columns = ["a", "b", "c"].map(String::from).to_vec();
        let of = Transforms { columns, values: rows.concat(), ..Transforms::default() };
        let told = of.test().unwrap();
        assert_eq!(told.worst, "columns `a`, `b` and `c` depend on each other otherwise");
        let expected = 0.5 * 0.75f64.powi(3);
        assert!(told.probability < 1e-9 && (told.lost.value - expected).abs() < 0.03, "{told:?}");
        let given = [0, 1].map(|d| (format!("the column `x{d}`"), rows.iter().map(|row| row[d]).collect()));
        let values = rows.iter().map(|row| row[2]).collect();
        let of =
            Transforms { columns: vec!["y".into()], values, given: given.into(), ..Transforms::default() };
        let told = of.test().unwrap();
        assert_eq!(told.worst, "`y` depends on the column `x0` and the column `x1` together otherwise");
        assert!(told.probability < 1e-9 && told.departure == Departure::Columns, "{told:?}");
    }

    /// What a column that does not vary loses is a number.
    #[test]
    fn a_constant_loses_so_many_nats() {
        let values = vec![0.5; 60];
        let told = Transforms { columns: vec!["a".into()], values, ..Transforms::default() }.test().unwrap();
        assert!(told.lost.value.is_finite() && told.lost.value > 0.5, "{told:?}");
        assert!(told.probability < 1e-9 && told.worst.starts_with("column `a`"), "{told:?}");
    }

    /// A row that stands for three is three rows, of every test.
    #[test]
    fn weights_are_repetitions() {
        let mut u = vec![0.0f32; 300];
        Key::new(8).uniforms(0, &mut u);
        let (mut values, mut weights): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let (mut repeated, mut given, mut of_repeated) = (Vec::new(), Vec::new(), Vec::new());
        for (n, row) in u.chunks(3).enumerate() {
            let weight = n % 4;
            weights.push(weight as f64);
            values.extend([row[0].into(), f64::from(row[1]).powi(2)]);
            given.push(row[2].into());
            for _ in 0..weight {
                repeated.extend([row[0].into(), f64::from(row[1]).powi(2)]);
                of_repeated.push(row[2].into());
            }
        }
        let of = |values, weights, given| Transforms {
            columns: vec!["a".into(), "b".into()],
            values,
            weights,
            given: vec![("c".into(), given)],
            ..Transforms::default()
        };
        let weighted = of(values, Some(weights), given).test().unwrap();
        let repeated = of(repeated, None, of_repeated).test().unwrap();
        assert!((weighted.lost.value - repeated.lost.value).abs() < 1e-12);
        assert!((weighted.probability / repeated.probability - 1.0).abs() < 1e-9);
        assert_eq!((weighted.tests, weighted.worst), (repeated.tests, repeated.worst));
    }

    /// Independent rows of another shape than the model says, as skewed ones that a normal is fitted to, or counts of three
    /// values, are in no order: of 2,000 tables 5 % are refused, here between 3.5 % and 6.5 %, three standard errors.
    #[test]
    fn rows_of_another_shape_are_in_no_order() {
        let shapes: [fn(f64) -> f64; 3] =
            [|u| u.powi(4), |u| (3.0 * u).floor() / 3.0, |u| if u > 0.8 { 0.99 } else { 0.4 }];
        for (number, shape) in shapes.into_iter().enumerate() {
            let mut refused = 0;
            for seed in 0..2000 {
                let mut u = vec![0.0f32; 80];
                Key::new(seed).fold(number as u64).uniforms(0, &mut u);
                let values = u.iter().map(|&u| shape(u.into())).collect();
                let of = Transforms { columns: vec!["a".into()], values, ..Transforms::default() };
                refused += usize::from(of.test_order().unwrap().probability < 0.05);
            }
            assert!((70..=130).contains(&refused), "{number}: {refused}");
        }
    }

    /// Columns of another shape than the model says depend on nothing by that: all of them lose as much as each by itself, and
    /// tests of dependence nothing.
    #[test]
    fn columns_of_another_shape_are_independent() {
        let mut u = vec![0.0f32; 3000];
        Key::new(3).uniforms(0, &mut u);
        let values: Vec<f64> = u.iter().map(|&u| f64::from(u).powi(3)).collect();
        let lost = |columns: usize, values: Vec<f64>| {
            let columns = (0..columns).map(|d| d.to_string()).collect();
            let told = Transforms { columns, values, ..Transforms::default() }.test().unwrap();
            assert!(told.probability < 1e-9 && told.worst.contains("lies lower"), "{told:?}");
            told.lost.value
        };
        let of = |d: usize| lost(1, values.iter().skip(d).step_by(3).copied().collect());
        let each: f64 = (0..3).map(of).sum();
        assert!((lost(3, values.clone()) - each).abs() < 0.05, "{each}");
    }

    /// Sorted rows are such as p(x) says: their order is another matter.
    #[test]
    fn the_order_of_rows_is_judged_apart() {
        let values: Vec<f64> = (0..400).map(|n| (f64::from(n) + 0.5) / 400.0).collect();
        let of = Transforms { columns: vec!["a".into()], values, ..Transforms::default() };
        assert!(of.test().unwrap().lost.value < 0.01);
        let order = of.test_order().unwrap();
        assert!(order.probability < 1e-9);
        assert_eq!(order.worst, "rows of `a` depend on those before them otherwise");
        // One value in two is high.
        let mut u = vec![0.0f32; 400];
        Key::new(5).uniforms(0, &mut u);
        let values = u.iter().enumerate().map(|(n, &u)| 0.5 * (f64::from(u) + (n % 2) as f64)).collect();
        let order =
            Transforms { columns: vec!["a".into()], values, ..Transforms::default() }.test_order().unwrap();
        assert!(order.probability < 1e-9);
        assert_eq!(order.worst, "rows of `a` depend on those before them otherwise");
        // A high value is followed by a low one, and that by any.
        let mut value = 0.5;
        let next = |u: &f32| {
            value = 0.5 * (1.0 - value) + 0.5 * f64::from(*u);
            value
        };
        let of = Transforms { columns: vec!["a".into()], values: u.iter().map(next).collect(), ..of };
        assert_eq!(
            of.test_order().unwrap().worst,
            "high and low values of `a` follow one another more often"
        );
    }
}
