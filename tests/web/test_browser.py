"""The page in a browser. Skipped where ``playwright`` (extra ``browser``) or Chromium is missing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.outside import outside
from verify.web.server import Server

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 120_000

if CHROMIUM is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)
sync_api.expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    """A tab in which every error is a failure."""
    problems: list[str] = []
    tab = browser.new_page(base_url=server.address)
    tab.set_default_timeout(PATIENCE)
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    tab.expected = problems
    yield tab
    tab.close()
    assert not problems


def shown(page: Any, question: str, verdict: str) -> None:
    """Wait until the page says so."""
    sync_api.expect(page.locator("#question")).to_contain_text(question)
    sync_api.expect(page.locator("#badges")).to_contain_text(verdict, ignore_case=True)


def test_a_slider_flips_the_verdict(page: Any) -> None:
    page.goto("/")
    shown(page, "Is f additive", "refuted")
    assert "f(-1) + f(1)" in page.inner_text("#sentence")
    page.get_by_role("textbox", name="lower side").fill("0")
    shown(page, "[0, 2]", "proved")
    slide = page.get_by_label("bias", exact=True)
    slide.focus()
    for _ in range(3):
        slide.press("ArrowRight")  # to 3/10, by keyboard
    shown(page, "[0, 2]", "refuted")
    assert page.input_value('input[aria-label="bias, exact"]') == "0.3"
    sync_api.expect(page.locator("#sentence")).to_contain_text("f(0) = 3/10")


def test_points_and_the_region_are_dragged(page: Any) -> None:
    page.goto("/")
    shown(page, "[−2, 2]", "refuted")
    settled(page)
    box = page.locator('[data-handle="low0"]').bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    zero = page.locator(".plot .break").bounding_box()
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(zero["x"] + zero["width"] / 2, middle[1], steps=12)
    page.mouse.up()
    shown(page, "[0, 2]", "proved")
    before = page.input_value('input[aria-label="point y, exact"]')
    page.locator('[data-handle="y"]').focus()
    page.keyboard.press("ArrowLeft")
    sync_api.expect(page.locator('input[aria-label="point y, exact"]')).not_to_have_value(before)
    assert page.evaluate("document.activeElement.dataset.handle") == "y"


def test_a_link_shows_the_same_thing(page: Any, browser: Any, server: Server) -> None:
    page.goto("/")
    page.select_option("#preset", label="Two ReLU that cancel")
    shown(page, "additive", "proved")
    page.get_by_label("weight 0 of unit 1, exact").fill("1000000000001/1000000000000")
    shown(page, "additive", "refuted")
    sync_api.expect(page).to_have_url(re.compile("1000000000001/1000000000000"))
    other = browser.new_page()
    other.goto(page.url)
    shown(other, "additive", "refuted")
    assert other.inner_text("#sentence") == page.inner_text("#sentence")
    assert other.input_value('input[aria-label="weight 0 of unit 1, exact"]') == "1000000000001/1000000000000"
    other.close()


def test_a_link_with_markup_in_it_is_text(page: Any) -> None:
    page.goto("/#play?weights=<img src=x onerror=alert(1)>&model=__proto__&property=<b>")
    sync_api.expect(page.locator("#trouble")).to_be_visible()
    assert page.locator("#main img").count() == 0
    page.expected.clear()  # the server's refusal is an error in the console, and meant


def settled(page: Any) -> None:
    """Wait for the verdict on every property."""
    sync_api.expect(page.locator("#chips li:not(.stale)")).to_have_count(13)


def test_every_start_has_an_answer(page: Any) -> None:
    page.goto("/")
    shown(page, "additive", "refuted")
    names = page.locator("#preset option").all_inner_texts()[1:]
    for name in names:
        page.select_option("#preset", label=name)
        settled(page)
        assert page.locator("#trouble").is_hidden(), name
    for model in page.locator("#model option").all_inner_texts():
        page.select_option("#model", label=model)
        settled(page)
        assert page.locator("#trouble").is_hidden(), model


def ask(page: Any, file: Path, property: str, region: str) -> Any:
    page.goto("/#network")
    page.set_input_files("#file", file)
    sync_api.expect(page.locator("#about")).to_contain_text("ReLU")
    page.fill("#wanted", property)
    page.fill("#where", region)
    page.click("#ask")
    return page.locator("#answers article").first


def test_the_digits_are_dropped_and_asked_about(page: Any, digits: Path) -> None:
    card = ask(page, digits, "affine", "box(0, 1)")
    sync_api.expect(card).to_contain_text("refuted", ignore_case=True)
    with page.expect_download() as download:
        card.get_by_text("Download the record").click()
    assert download.value.suggested_filename.endswith(".json")
    with page.context.expect_page() as opened:
        card.get_by_text("The whole page").click()
    opened.value.wait_for_load_state()
    assert "digits_conv" in opened.value.inner_text("h1")
    # A harder question, which is cancelled.
    page.fill("#wanted", "lipschitz 200 in linf")
    page.click("#ask")
    page.get_by_role("button", name="Cancel").click()
    sync_api.expect(page.locator("#answers article").first).to_contain_text("Cancelled after")


def test_a_formula_is_typed(page: Any, digits: Path) -> None:
    page.goto("/#network?network=example:relu")
    page.get_by_role("radio", name="a formula").check()
    sync_api.expect(page.locator("#where")).to_be_hidden()
    field, drawn, card = (
        page.locator("#claimed"),
        page.locator("#claimed-error"),
        page.locator("#answers article").first,
    )
    field.fill("f(x + y) == f(x) + f(y) for x, y in bx(0, 1)")
    page.click("#ask")
    sync_api.expect(drawn).to_contain_text("unknown region 'bx'; did you mean 'box'?")
    formula, caret = drawn.locator("pre").inner_text().splitlines()
    assert formula[caret.index("^") :].startswith("bx(0, 1)")
    sync_api.expect(page.locator("#answers article")).to_have_count(0)
    field.fill("f(x + y) == f(x) + f(y) for x in box(0, 1), y in box(-1, 1)")
    sync_api.expect(drawn).to_be_hidden()
    page.click("#ask")
    sync_api.expect(card).to_contain_text("refuted", ignore_case=True)
    sync_api.expect(card).to_contain_text("f(0) = 0, f(1) = 1, f(-1) = 0")
    with page.expect_download() as download:
        card.get_by_text("Download the record").click()
    assert download.value.suggested_filename.endswith(".json")
    page.get_by_role("button", name="abs(f(x) - g(x)) <= 1/20 for x in box(-1, 1)").click()
    page.select_option("#to", "example:abs")
    page.click("#ask")
    sync_api.expect(card).to_contain_text("Is relu equivalent within 1/20 to abs")
    sync_api.expect(card).to_contain_text("refuted", ignore_case=True)
    # A harder question, which is cancelled.
    page.set_input_files("#file", digits)
    sync_api.expect(page.locator("#about")).to_contain_text("456 ReLU")
    field.fill("abs(f(x) - f(y)) <= 200*max(abs(x - y)) for x, y in box(0, 1)")
    page.click("#ask")
    sync_api.expect(card.locator("p")).to_contain_text(" s: ")
    page.get_by_role("button", name="Cancel").click()
    sync_api.expect(card).to_contain_text("Cancelled after")


@pytest.mark.networks
def test_a_published_network_is_dropped(page: Any) -> None:
    card = ask(page, outside("networks/acasxu_1_1.onnx"), "affine", "box(-1/2, 1/2)")
    sync_api.expect(card).to_contain_text("refuted", ignore_case=True)


def test_a_file_too_large_is_refused_in_words(page: Any, tmp_path: Path) -> None:
    big = tmp_path / "big.onnx"
    with big.open("wb") as stream:
        stream.truncate(100 * 2**20)
    page.goto("/#network")
    sync_api.expect(page.locator("#about")).to_contain_text("ReLU")
    page.set_input_files("#file", big)
    sync_api.expect(page.locator("#upload")).to_contain_text(re.compile("100 MiB; at most 64 MiB"))


def test_a_layer_that_is_named_like_markup_is_text(page: Any, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    layer = f'[[layer]]\nname = "{evil}"\ntype = "dense"\nweight = [[1]]\n'
    (tmp_path / "x.toml").write_text(f'name = "{evil}"\ninput = [1]\n{layer}[[layer]]\ntype = "relu"\n')
    page.goto("/#network")
    page.set_input_files("#file", tmp_path / "x.toml")
    sync_api.expect(page.locator("#about")).to_contain_text(evil)
    assert page.locator("#main img").count() == 0


def test_a_lost_request_is_sent_again(page: Any) -> None:
    lost: list[str] = []

    def lose(route: Any) -> None:
        if len(lost) < 2:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/api/setup", lose)
    page.goto("/")
    shown(page, "Is f additive", "refuted")
    assert not page.is_visible("#trouble")
    assert len(lost) == 2
    page.expected.clear()


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_nothing_is_wider_than_the_screen(browser: Any, server: Server, width: int) -> None:
    tab = browser.new_page(base_url=server.address, viewport={"width": width, "height": 800})
    tab.set_default_timeout(PATIENCE)
    for place in ("#play", "#network", "#examples"):
        tab.goto(f"/{place}")
        tab.reload()
        tab.wait_for_selector(f"{place}:not([hidden])")
        tab.wait_for_timeout(300)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()


def test_everything_to_fill_in_has_a_name(page: Any) -> None:
    for place, last in (("#play", "#chips button"), ("#network", "#about details"), ("#examples", "#example-list a")):
        page.goto(f"/{place}")
        page.reload()
        page.wait_for_selector(f"{place}:not([hidden])")
        sync_api.expect(page.locator(f"{place} {last}")).not_to_have_count(0)
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input, select, button, [role=slider]')].filter(e => !(e.labels?.length"
            " || e.getAttribute('aria-label') || e.textContent.trim())).map(e => e.outerHTML)"
        )
        assert unnamed == []
