namespace Foreword.Chat;

/// <summary>A dialogue as token ids, with the tokens that are answers.</summary>
/// <param name="Ids">The ids.</param>
/// <param name="IsAnswer">For each id, whether it belongs to an answer or ends one.</param>
internal sealed record EncodedDialogue(IReadOnlyList<int> Ids, IReadOnlyList<bool> IsAnswer);
