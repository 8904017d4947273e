"""Tables and suppression patterns as three packages' documentation prints them. Numbers only: no data set is taken over.

GaussSuppression 1.2 (Statistics Norway), repository statisticsnorway/ssb-gausssuppression: articles Small_count_frequency_table_suppression,
Linked_table_suppression and Magnitude_table_suppression, reference pages GaussSuppressionFromData and SuppressSmallCounts. easySdcTable 1.1
(Statistics Norway), repository statisticsnorway/ssb-easysdctable: articles easySdcTableVignette and singletonsAndZeros. sdcTable prints no
table of which both the counts and the pattern can be read: its methods stand here as far as easySdcTable runs them (SIMPLEHEURISTIC).

A grid: the first line names its columns, every other line a row. `0s` is a zero that everybody knows (no such group), `?7` a number no table
shows, `.` no cell at all. `sums` are the totals of rows and of columns. `withheld` are the cells printed as secondary, "row column".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One printed table. Counts up to `most` are sensitive; zeros are too where `zeros` is `sensitive`, else always `shown` (so a withheld
    count is at least 1, and everybody knows it) or `free` to be withheld for others. `width`: the promised width of an interval.

    `sensitive` names the sensitive cells where counts do not decide (amounts), `alone` those of one contributor. `intervals` are printed ones.
    """

    name: str
    where: str
    grid: str
    sums: str
    withheld: str
    most: int = 0
    zeros: str = "sensitive"
    width: float = 1
    sensitive: str = ""
    alone: str = ""
    intervals: str = ""


SMALL, LINKED = "Gauss, small counts", "Gauss, linked tables"
FROM_DATA, SMALL_PAGE = "Gauss, GaussSuppressionFromData", "Gauss, SuppressSmallCounts"
MAGNITUDE, ZEROS, EASY = "Gauss, magnitude tables", "easySdcTable, singletons and zeros", "easySdcTable, introduction"

AGES = "Total = young old; Total = Iceland Portugal Spain; Total = EU nonEU; EU = Portugal Spain; nonEU = Iceland"
PLAIN = """ Iceland Portugal Spain Total
young 2 0 5 7
old 3 4 6 13
Total 5 4 11 20"""
NESTED = """ Iceland Portugal Spain nonEU EU Total
young 2 0 5 2 5 7
old 3 4 6 3 10 13
Total 5 4 11 5 15 20"""
FORMULA = """ Iceland Portugal Spain nonEU EU Total
young . . . 2 5 ?7
old . . . 3 10 ?13
Total 5 4 11 ?5 ?15 20"""
NEXT_YEAR = """ Iceland Portugal Spain nonEU EU Total
young {} 0 5 {} 5 5
old 3 4 6 3 10 13
Total 3 4 11 3 15 18"""
ALL_YEARS = """ Iceland Portugal Spain Total
young 3 1 17 21
old 10 11 17 38
Total 13 12 34 59"""

YEARS = """ young.nonEU young.EU young old.EU old nonEU EU Total Iceland Portugal Spain
2014 8 6 14 10 10 8 16 24 8 1 15
2015 2 0s 2 7 7 2 7 9 2 3 4
2016 2 9 11 0s 0s 2 9 11 2 2 7
Total 12 15 27 17 17 12 32 44 12 6 26"""
YEAR_SUMS = (
    "Total = 2014 2015 2016; young = young.nonEU young.EU; old = old.EU; nonEU = young.nonEU; EU = young.EU old.EU; Total = young old; "
    "Total = nonEU EU; nonEU = Iceland; EU = Portugal Spain"
)
YEARS_WITHHELD = "2015 Total, 2016 Total, 2016 young, 2014 Spain, 2016 Spain"

FIVE = """ A B C D E Total
1 1 1 1 5 5 13
2 9 9 9 9 9 45
3 0 0 0 7 7 14
Total 10 10 10 21 21 72"""
FIVE_SUMS = "Total = 1 2 3; Total = A B C D E"
NINE = """ x y z Total
1 0 2 5 7
2 0 0 6 6
3 7 8 9 24
Total 7 10 20 37"""
NINE_SUMS = "Total = 1 2 3; Total = x y z"

ACCIDENTS = """ light none serious unknown Total
k1 0 0 4 0 4
k2 0 1 5 0 6
k3 2 1 3 0 6
k4 1 4 4 0 9
k5 0 0 1 0 1
k6 0 0 6 0 6
Total 3 6 23 0 32"""
ACCIDENT_SUMS = "Total = k1 k2 k3 k4 k5 k6; Total = light none serious unknown"

GROUPS = "300 = A B C D E F G H; 400 = I J K; Total = 300 400"
COUNTIES = "1 = A I; 4 = B; 5 = C D; 6 = E F; 8 = G H; 10 = J K; Total = 1 4 5 6 8 10"
REGION_LIST = "A 12;B 6;C 7;D 4;E 13;F 6;G 4;H 7;I 1;J 6;K 3;1 13;4 6;5 11;6 19;8 11;10 9;Total 69"
INCOME_LIST = (
    "assistance 35;other 8;pensions 22;wages 4;assistance.300 29;assistance.400 6;other.300 7;other.400 1;"
    "pensions.300 19;pensions.400 3;wages.300 4;wages.400 0"
)
INCOME_SUMS = "; ".join(
    [
        *(f"{kind} = {kind}.300 {kind}.400" for kind in ("assistance", "other", "pensions", "wages")),
        *(f"{group} = assistance.{group} other.{group} pensions.{group} wages.{group}" for group in ("300", "400")),
        "Total = assistance other pensions wages",
    ]
)
INCOMES = """ 300 400 Total
Total 59 10 69
not_assistance 30 4 34
assistance 29 6 35
other 7 1 8
pensions 19 3 22
wages 4 0 4"""
KNOWN_ZERO = """ 300 400 Total
Total 59 7 66
not_assistance 30 1 31
assistance 29 6 35
other 7 1 8
pensions 19 0s 19
wages 4 0 4"""
INCOME_ROWS = "Total = not_assistance assistance; not_assistance = other pensions wages; Total = 300 400"

KINDS = """ annet arbeid soshjelp trygd Total
A 11 11 55 36 113
B 7 1 29 18 55
C 5 8 35 25 73
D 13 2 17 13 45
E 9 14 63 52 138
F 12 9 24 22 67
G 6 4 22 8 40
H 9 3 38 15 65"""
EIGHT = KINDS + "\nTotal 72 52 283 189 596"
ELEVEN = KINDS + "\nI 3 0 9 2 14\nJ 9 0 32 20 61\nK 4 2 18 11 35\nTotal 88 54 342 222 706"
IN_GROUPS = ELEVEN + "\n300 72 52 283 189 596\n400 16 2 59 33 110"
IN_COUNTIES = ELEVEN + "\n1 14 11 64 38 127\n4 7 1 29 18 55\n5 18 10 52 38 118\n6 21 23 87 74 205\n8 15 7 60 23 105\n10 13 2 50 31 96"
IN_BOTH = IN_COUNTIES + "\n300 72 52 283 189 596\n400 16 2 59 33 110"
KIND_SUM = "Total = annet arbeid soshjelp trygd"
ELEVEN_SUMS = f"{KIND_SUM}; Total = A B C D E F G H I J K"

ROW_SUMS = "Total = r1 r2; Total = A B H M W"
ONES_A = " A B H M W Total\nr1 0 1 7 1 0 9\nr2 2 0 0 2 8 12\nTotal 2 1 7 3 8 21"
ONES_B = " A B H M W Total\nr1 1 1 7 1 0 10\nr2 1 0 0 2 8 11\nTotal 2 1 7 3 8 21"
ZEROS_A = " A B H M W Total\nr1 5 0 7 0 9 21\nr2 5 9 9 5 8 36\nTotal 10 9 16 5 17 57"
ZEROS_B = " A B H M W Total\nr1 0 0 7 0 9 16\nr2 0 9 9 2 8 28\nTotal 0 9 16 2 17 44"

SALES = """ Iceland Portugal Spain Total
Agriculture 0 100.4 139.8 240.2
Entertainment 16.8 9.4 105.3 131.5
Governmental 0 23.6 9.2 32.8
Industry 20.3 29.1 8.4 57.8
Total 37.1 162.5 262.7 462.3"""
SALES_SUMS = "Total = Agriculture Entertainment Governmental Industry; Total = Iceland Portugal Spain"
SALES_ALONE = "Entertainment Iceland, Industry Spain"


def _listed(text: str, *more: str) -> str:
    """A grid of one column `n` from "name number" pairs."""
    return "\n".join([" n", *";".join([text, *more]).split(";")])


TABLES = (
    Published("age × geo", f"{SMALL}, 1", PLAIN, AGES, "old Iceland, old Portugal, young Iceland", most=1),
    Published("age × geo < eu", f"{SMALL}, 2", NESTED, AGES, "old EU, old nonEU, old Iceland, old Portugal, young EU", most=2),
    Published("age × eu + geo", f"{SMALL}, 3", FORMULA, AGES, "old nonEU", most=2),
    Published("the same, zeros shown", f"{SMALL}, 4", NESTED, AGES, "Total Spain, old EU, young EU, young Spain", most=4, zeros="shown"),
    Published("the same, zeros free", f"{SMALL}, 5", NESTED, AGES, "old EU, old Portugal, young EU, young Portugal", most=3, zeros="free"),
    Published("2015, a known zero", f"{SMALL}, 6", NEXT_YEAR.format("0s", "0s"), AGES, "old Portugal, old Spain, young Spain", most=2),
    Published(
        "2015",
        f"{SMALL}, 7",
        NEXT_YEAR.format("0", "0"),
        AGES,
        "old EU, old nonEU, old Iceland, old Portugal, old Spain, young EU, young Spain",
        most=2,
    ),
    Published(
        "all years, width 5",
        f"{SMALL}, 9",
        ALL_YEARS,
        AGES,
        "old Iceland, old Portugal, old Spain, young Spain",
        most=3,
        width=5,
        intervals="young Iceland 0 13, young Portugal 0 12",
    ),
    Published("two tables", f"{LINKED}, 3", YEARS, YEAR_SUMS, YEARS_WITHHELD, most=2),
    Published(
        "two tables, width 4",
        f"{LINKED}, 4",
        YEARS,
        YEAR_SUMS,
        f"{YEARS_WITHHELD}, 2015 Portugal, 2015 Spain",
        most=2,
        width=4,
        intervals="2015 nonEU 0 4, 2016 nonEU 0 4, 2015 young 0 4, 2014 Portugal 0 6, 2016 Portugal 0 6",
    ),
    Published("z1", FROM_DATA, EIGHT, f"{KIND_SUM}; Total = A B C D E F G H", "B annet, D annet, H annet", most=3),
    Published("3 × 5", FROM_DATA, FIVE, FIVE_SUMS, "1 E, 3 E", most=3),
    Published("3 × 5, ones unguarded", FROM_DATA, FIVE, FIVE_SUMS, "2 A, 2 B, 2 C", most=3, zeros="shown"),
    Published("3 × 5, zeros shown", FROM_DATA, FIVE, FIVE_SUMS, "1 E, 2 A, 2 B, 2 C, 2 E", most=3, zeros="shown"),
    Published("3 × 3, zeros unguarded", FROM_DATA, NINE, NINE_SUMS, "", most=3),
    Published("3 × 3", FROM_DATA, NINE, NINE_SUMS, "1 z, 2 z, 3 x, 3 y", most=3),
    Published("3 × 3, zeros free", FROM_DATA, NINE, NINE_SUMS, "1 z, 2 y, 2 z", most=3, zeros="free"),
    Published(
        "z2 in counties and groups, zeros shown",
        FROM_DATA,
        IN_BOTH,
        f"{ELEVEN_SUMS}; {COUNTIES}; {GROUPS}",
        "10 trygd, 300 annet, 300 arbeid, 4 trygd, 400 annet, A annet, A trygd, B trygd, C annet, C arbeid, D annet, G annet, G arbeid, "
        "H annet, K trygd",
        most=3,
        zeros="shown",
    ),
    Published("accidents", SMALL_PAGE, ACCIDENTS, ACCIDENT_SUMS, "k1 Total, k6 serious", most=3),
    Published(
        "accidents, zeros shown",
        SMALL_PAGE,
        ACCIDENTS,
        ACCIDENT_SUMS,
        "Total none, k1 Total, k1 serious, k2 serious, k4 none",
        most=3,
        zeros="shown",
    ),
    Published(
        "d2, regions", SMALL_PAGE, _listed(REGION_LIST, "300 59;400 10"), f"{COUNTIES}; {GROUPS}", "10 n, 4 n, A n, B n, K n", most=2
    ),
    Published(
        "d2, regions and incomes",
        SMALL_PAGE,
        _listed(REGION_LIST, "300 ?59;400 ?10", INCOME_LIST),
        f"{COUNTIES}; {GROUPS}; {INCOME_SUMS}",
        "A n, J n, other.300 n, pensions.300 n, wages.300 n",
        most=3,
    ),
    Published("d2, income tree", SMALL_PAGE, INCOMES, INCOME_ROWS, "other 300, wages 300", most=2),
    Published(
        "d2, a known zero",
        SMALL_PAGE,
        KNOWN_ZERO,
        INCOME_ROWS,
        "not_assistance 300, assistance 300, assistance 400, other 300, wages 300",
        most=3,
    ),
    Published("z2, Gauss", EASY, ELEVEN, ELEVEN_SUMS, "B annet, D annet, G arbeid, G trygd, H annet, J annet, K annet", most=3),
    Published("z2, SIMPLEHEURISTIC_OLD", EASY, ELEVEN, ELEVEN_SUMS, "B annet, D trygd, H annet, J annet, K annet", most=3),
    Published(
        "z2 in groups, Gauss",
        EASY,
        IN_GROUPS,
        f"{ELEVEN_SUMS}; {GROUPS}",
        "B annet, D annet, H annet, J annet, K trygd, 300 annet, 300 arbeid, 400 annet",
        most=3,
    ),
    Published(
        "z2 in counties and groups, SIMPLEHEURISTIC",
        EASY,
        IN_BOTH,
        f"{ELEVEN_SUMS}; {COUNTIES}; {GROUPS}",
        "A annet, A trygd, B annet, B trygd, C annet, C arbeid, D annet, G arbeid, G trygd, H arbeid, H trygd, I annet, K annet, K trygd, "
        "4 annet, 4 trygd, 10 annet, 10 trygd, 300 annet, 300 arbeid, 400 annet",
        most=2,
        zeros="shown",
    ),
    Published("data1a, SIMPLEHEURISTIC_OLD", ZEROS, ONES_A, ROW_SUMS, "", most=3, zeros="shown"),
    Published("data1a, detectSingletons", ZEROS, ONES_A, ROW_SUMS, "r1 H, Total H", most=3, zeros="shown"),
    Published("data1a, Gauss", ZEROS, ONES_A, ROW_SUMS, "r1 H, Total H", most=3, zeros="shown"),
    Published("data1b, detectSingletons", ZEROS, ONES_B, ROW_SUMS, "r2 W, Total W", most=3, zeros="shown"),
    Published("data1b, threshold 4", ZEROS, ONES_B, ROW_SUMS, "r1 H, r2 W, Total H, Total W", most=3, zeros="shown"),
    Published("data1b, Gauss", ZEROS, ONES_B, ROW_SUMS, "r1 H, Total H", most=3, zeros="shown"),
    Published("data0a, SIMPLEHEURISTIC_OLD", ZEROS, ZEROS_A, ROW_SUMS, "r2 B, r2 M", most=3),
    Published("data0a, threshold 1; Gauss", ZEROS, ZEROS_A, ROW_SUMS, "r1 A, r2 A, r2 B, r2 M", most=3),
    Published("data0b, SIMPLEHEURISTIC_OLD", ZEROS, ZEROS_B, ROW_SUMS, "r2 B", most=3),
    Published("data0b, threshold 1", ZEROS, ZEROS_B, ROW_SUMS, "r2 B, r1 H, r2 H", most=3),
    Published("data0b, Gauss", ZEROS, ZEROS_B, ROW_SUMS, "r2 B, r1 W, r2 W", most=3),
    Published(
        "amounts, one contributor",
        f"{MAGNITUDE}, 2",
        SALES,
        SALES_SUMS,
        "Entertainment Portugal, Governmental Portugal, Governmental Spain, Industry Iceland, Industry Portugal",
        sensitive="Entertainment Iceland, Industry Spain",
        zeros="shown",
        alone=SALES_ALONE,
    ),
    Published(
        "amounts, one has 80 %",
        f"{MAGNITUDE}, 3",
        SALES,
        SALES_SUMS,
        "Entertainment Portugal, Governmental Total, Governmental Spain, Industry Total, Industry Iceland",
        sensitive="Entertainment Iceland, Governmental Portugal, Industry Portugal, Industry Spain",
        zeros="shown",
        alone=SALES_ALONE,
    ),
)

# z2 as easySdcTable's developers ran it ("Comparison of suppression methods while developing easySdcTable ver. 0.8.0", number of suppressed
# cells; the patterns are not printed): with its groups or not, zeros, `most`; all withheld cells of Gauss, of SIMPLEHEURISTIC.
COUNTED = (
    (False, "shown", 2, 16, 16),
    (False, "shown", 10, 35, 35),
    (False, "sensitive", 2, 18, 20),
    (False, "sensitive", 10, 36, 37),
    (True, "shown", 2, 20, 28),
    (True, "shown", 10, 44, 47),
    (True, "sensitive", 2, 25, 32),
    (True, "sensitive", 10, 47, 51),
)


def counted(*, is_grouped: bool, zeros: str, most: int) -> Published:
    """z2 under the rule of one line of `COUNTED`, in counties, and in groups where wished."""
    sums = f"{ELEVEN_SUMS}; {COUNTIES}" + (f"; {GROUPS}" if is_grouped else "")
    name = "z2 in counties" + (" and groups" if is_grouped else "")
    return Published(name, EASY, IN_BOTH if is_grouped else IN_COUNTIES, sums, "", most=most, zeros=zeros)
