# Events of one log, newest first, at most 500: events LOG IDS SECONDS [PROVIDER]
#   LOG and PROVIDER  names; an underscore stands for a blank (Key_Management_Service)
#   IDS               1074,6008 or all or level:1,2 (1 critical, 2 error, 3 warning, 4 information)
# timeout: 60
$most = 500
$since = [DateTime]::Now.AddSeconds(-[double]$Arguments[2])
$filter = @{ LogName = $Arguments[0].Replace('_', ' '); StartTime = $since }
if ($Arguments.Count -gt 3) { $filter.ProviderName = $Arguments[3].Replace('_', ' ') }
$chunks = @(, $null)
if ($Arguments[1] -like 'level:*') {
    $filter.Level = @($Arguments[1].Substring(6).Split(',') | ForEach-Object { [int]$_ })
}
elseif ($Arguments[1] -ne 'all') {
    # One query may name some twenty ids (the limit of conditions in an event query).
    $ids = @($Arguments[1].Split(',') | ForEach-Object { [int]$_ })
    $chunks = @(for ($at = 0; $at -lt $ids.Count; $at += 20) { , @($ids | Select-Object -Skip $at -First 20) })
}

function Get-EventFields($entry) {
    $fields = [ordered]@{}
    try { $xml = [xml]$entry.ToXml() } catch { return $fields }
    $nodes = @()
    if ($xml.Event.EventData) { $nodes = @($xml.Event.EventData.ChildNodes) }
    elseif ($xml.Event.UserData -and $xml.Event.UserData.FirstChild) { $nodes = @($xml.Event.UserData.FirstChild.ChildNodes) }
    $number = 0
    foreach ($node in $nodes) {
        if ($node.NodeType -ne 'Element') { continue }
        $name = if ($node.LocalName -ne 'Data') { $node.LocalName }
        elseif ($node.HasAttribute('Name')) { $node.GetAttribute('Name') }
        else { [string]$number }
        $number++
        $text = [string]$node.InnerText
        if ($text.Length -gt 2000) { $text = $text.Substring(0, 2000) }
        $fields[$name] = $text
    }
    return $fields
}

$found = @(foreach ($chunk in $chunks) {
        if ($null -ne $chunk) { $filter.Id = $chunk }
        try { Get-WinEvent -FilterHashtable $filter -MaxEvents $most }
        catch {
            # No such events, or no such log on this edition of Windows: nothing was logged.
            if ($_.FullyQualifiedErrorId -notmatch '^NoMatching(Events|Logs)Found') { throw }
        }
    })
foreach ($entry in @($found | Sort-Object -Property TimeCreated -Descending | Select-Object -First $most)) {
    $message = [string]$entry.Message
    if ($message.Length -gt 1000) { $message = $message.Substring(0, 1000) }
    [ordered]@{
        time     = $entry.TimeCreated
        id       = [int]$entry.Id
        provider = [string]$entry.ProviderName
        level    = [int]$entry.Level
        message  = $message
        data     = Get-EventFields $entry
    }
}
