(function () {
  "use strict";
  var form = document.getElementById("filters"), rows = document.querySelectorAll("tr[data-verdict]");
  function apply() {
    var verdict = form.verdict.value, assurance = form.assurance.value;
    var words = form.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach(function (row) {
      var data = row.dataset;
      row.hidden = !((!verdict || data.verdict === verdict) && (!assurance || data.assurance.split(" ").indexOf(assurance) >= 0) &&
        words.every(function (word) { return data.search.indexOf(word) >= 0; }));
    });
    document.querySelectorAll("section.module").forEach(function (section) {
      section.hidden = !section.querySelector("tr[data-verdict]:not([hidden])");
    });
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.hidden = false;
  apply();
})();
