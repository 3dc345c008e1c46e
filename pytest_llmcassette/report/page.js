(() => {
  const tests = [...document.querySelectorAll(".test")];
  const words = document.getElementById("words");
  const state = document.getElementById("state");
  const none = document.getElementById("none");
  const filter = () => {
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    for (const test of tests) {
      const fits = (!state.value || test.dataset.state === state.value)
        && (!wanted || test.textContent.toLowerCase().includes(wanted));
      test.hidden = !fits;
      shown += fits;
    }
    none.hidden = shown > 0;
  };
  const open = () => {
    const test = location.hash && document.getElementById(location.hash.slice(1));
    if (test && test.classList.contains("test")) {
      test.hidden = false;
      test.open = true;
      test.scrollIntoView();
    }
  };
  if (words) {
    words.addEventListener("input", filter);
    state.addEventListener("change", filter);
    document.getElementById("all").addEventListener("click", (event) => {
      const opening = event.target.textContent === "Open all";
      for (const test of tests) test.open = opening && !test.hidden;
      event.target.textContent = opening ? "Close all" : "Open all";
    });
  }
  addEventListener("hashchange", open);
  open();
})();
