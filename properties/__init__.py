"""When is a ReLU network linear?

A network is built from affine layers and from $relu(x) = max(x, 0)$. Whether the whole is linear is a question that
most people answer by feeling. Here every answer is a theorem, and every theorem comes with evidence that a small kernel
has replayed in exact arithmetic, or with a counterexample that a pocket calculator confirms.

Four words are often taken for one. On a region P, $f$ is *linear* if $f(x) = A x$, *affine* if $f(x) = A x + c$,
*additive* if $f(x + y) = f(x) + f(y)$, and *positively homogeneous* if $f(t x) = t f(x)$ for $t >= 0$: each time
for all arguments that lie in P.
"""
