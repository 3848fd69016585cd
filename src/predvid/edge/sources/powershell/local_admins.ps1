# Members of the group Administrators (S-1-5-32-544, whatever its name), and the local accounts.
# Asked of the directory service WinNT: Get-LocalGroupMember fails on a member whose account is gone, and
# tells kinds in the language of Windows. A domain controller has no local accounts.
$role = [int](Get-CimInstance -ClassName Win32_ComputerSystem -Property DomainRole).DomainRole
$sid = New-Object System.Security.Principal.SecurityIdentifier -ArgumentList 'S-1-5-32-544'
$name = $sid.Translate([System.Security.Principal.NTAccount]).Value.Split('\')[-1]
$group = [ADSI]"WinNT://$env:COMPUTERNAME/$name,group"
$members = @(foreach ($member in @($group.psbase.Invoke('Members') | Select-Object -First 500)) {
        $path = [string]$member.GetType().InvokeMember('AdsPath', 'GetProperty', $null, $member, $null)
        $kind = [string]$member.GetType().InvokeMember('Class', 'GetProperty', $null, $member, $null)
        $bytes = $null
        try { $bytes = $member.GetType().InvokeMember('objectSid', 'GetProperty', $null, $member, $null) } catch { $bytes = $null }
        $text = ''
        if ($bytes) { $text = (New-Object System.Security.Principal.SecurityIdentifier -ArgumentList ([byte[]]$bytes), 0).Value }
        @{ path = $path; kind = $kind; sid = $text }
    })
$users = $null
if ($role -lt 4) {
    $users = @(Get-CimInstance -ClassName Win32_UserAccount -Filter 'LocalAccount=TRUE' | Select-Object -First 500 | ForEach-Object {
            @{
                name              = [string]$_.Name
                sid               = [string]$_.SID
                enabled           = (-not $_.Disabled)
                password_required = [bool]$_.PasswordRequired
            }
        })
}
@{ computer = $env:COMPUTERNAME; role = $role; group = $name; members = $members; users = $users }
