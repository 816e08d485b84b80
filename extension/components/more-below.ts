/** Attachment: marks an element that scrolls as long as there is more of it below its edge. */
export function moreBelow(element: HTMLElement): () => void {
  const look = () => element.toggleAttribute('data-more-below', element.scrollHeight - element.scrollTop - element.clientHeight > 1);
  const sizes = new ResizeObserver(look);
  const contents = new MutationObserver(look);
  sizes.observe(element);
  contents.observe(element, { childList: true, subtree: true, characterData: true });
  element.addEventListener('scroll', look, { passive: true });
  return () => {
    sizes.disconnect();
    contents.disconnect();
    element.removeEventListener('scroll', look);
  };
}
