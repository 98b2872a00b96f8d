"""Three-dimensional particles from flat ADF-STEM images: simulate, segment, classify.

Everything below is loaded when it is first used; the stub beside this file lists it on one page.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
