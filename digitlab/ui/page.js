// What a page needs of the browser that Streamlit does not give it. It is run with the page's
// language and its words, once for each language; what it installs is installed once.
((language, words) => {
  // A word of Streamlit's in any of the languages, and the one to show. "{}" is any text.
  const plain = new Map(), patterns = [];
  for (const [shown, forms] of words) {
    for (const form of forms) {
      if (!form.includes("{}")) { plain.set(form, shown); continue; }
      const [before, after] = form.split("{}");
      patterns.push({ before, after, shown });
    }
  }

  const said = (text) => {
    const word = plain.get(text.trim());
    if (word !== undefined) return word;
    const found = patterns.find(({ before, after }) =>
      text.length > before.length + after.length
      && text.startsWith(before) && text.endsWith(after));
    if (!found) return text;
    const { before, after, shown } = found;
    return shown.replace("{}", () => text.slice(before.length, text.length - after.length));
  };

  // Never what somebody has written: a run may be called "Search".
  const OURS = "[data-testid=stMarkdown], [data-testid=stCode], [data-testid=stButton], " +
    "[data-testid=stButtonGroup], [data-testid=stPageLink], [data-key], [data-tag], svg, " +
    "table, script, style";
  const ATTRIBUTES = ["aria-label", "title", "placeholder"];

  const sayText = (node) => {
    const text = node.nodeValue, now = plain.get(text.trim());
    if (now === undefined || now === text || node.parentElement?.closest(OURS)) return;
    node.nodeValue = now;
  };
  const sayAttributes = (element) => {
    for (const name of ATTRIBUTES) {
      const text = element.getAttribute(name);
      if (!text) continue;
      const now = said(text);
      if (now !== text && !element.matches("[data-tag], [data-key]")) {
        element.setAttribute(name, now);
      }
    }
  };
  const say = (root) => {
    if (root.nodeType === Node.TEXT_NODE) return sayText(root);
    if (!(root instanceof HTMLElement)) return;  // a chart's lines and numbers
    sayAttributes(root);
    root.querySelectorAll("[aria-label], [title], [placeholder]").forEach(sayAttributes);
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) sayText(texts.currentNode);
  };

  const page = (window.digitLab ??= { shown: {} });
  Object.assign(page, { say, sayText, sayAttributes });
  document.documentElement.lang = language;
  say(document.body);
  if (page.installed) return;
  page.installed = true;

  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") page.sayAttributes(target);
      else if (type === "characterData") page.sayText(target);
      else addedNodes.forEach((node) => page.say(node));
    }
  }).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: ATTRIBUTES,
  });

  // Plotly takes a tap for a click on what the pointer hovered before: nothing, at the first tap.
  document.addEventListener("touchstart", (event) => {
    const plot = event.target.closest?.(".nsewdrag");
    if (!plot || event.touches.length !== 1) return;
    const { clientX, clientY } = event.touches[0];
    plot.dispatchEvent(new MouseEvent("mousemove", { clientX, clientY, bubbles: true }));
  }, { capture: true, passive: true });

  // On a narrow page the answer to a click lies below it: bring it into view, once for each click.
  page.reveal = (place, name, click) => {
    if (page.shown[place] === click || !matchMedia("(max-width: 768px)").matches) return;
    page.shown[place] = click;
    const until = performance.now() + 10_000;
    const look = () => {
      const answer = document.querySelector(`.st-key-${CSS.escape(name)}`);
      const busy = document.querySelector(".stApp:not([data-test-script-state=notRunning])");
      if (answer && !busy) answer.scrollIntoView({ block: "start" });
      else if (performance.now() < until) setTimeout(look, 100);
    };
    look();
  };
})
